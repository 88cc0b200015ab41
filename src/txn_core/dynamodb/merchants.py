"""The names of merchants by account, found by the beginning of their normalised form."""

from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from txn_core.aws.errors import Failure, carried_out, failure_of
from txn_core.dynamodb.attributes import number, string
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.dynamodb.expiry import KEPT_FOR_EVER, end_of, expiry_attribute, latest, seconds_of
from txn_core.dynamodb.ranges import GROWTH, ROWS_MAX
from txn_core.dynamodb.refusals import NEVER, would_be_taken
from txn_core.dynamodb.table_shapes import EXPIRES_AT
from txn_core.positions import WriteOrder
from txn_core.transactions.identity import Account, MerchantId, normalise_merchant, normalise_prefix

_KEY: Final = ("account", "name")


@dataclass(frozen=True, slots=True)
class MerchantName:
    """A merchant's canonical name: the spelling of its first transaction."""

    merchant_id: MerchantId
    name: str
    key: str


class MerchantTable(DynamoDBTable):
    """Reads and first-spelling-wins writes of the merchant names. A name that is over is there for nobody."""

    async def put_first(
        self, account: Account, merchant_id: MerchantId, name: str, order: WriteOrder, expires_at: int | None = None
    ) -> None:
        """Keep the spelling of the earliest write; a later one changes nothing but how long the name is kept.

        `expires_at` is when the write's transaction is over, in seconds since 1970; None for never. A name that was
        over when the write was accepted is there no more.
        """
        item = _item(account, merchant_id, name, order)
        while (seen := await self._put_if_free(item | expiry_attribute(expires_at), order)) is not None:
            if not seen:
                continue
            first = item if item["order"]["S"] < seen["order"]["S"] else _endless(seen)
            joined = first | expiry_attribute(latest(expires_at, end_of(seen)))
            if joined == seen or await self._replace(joined, seen):
                return

    async def _put_if_free(self, item: Any, order: WriteOrder) -> Any | None:
        """Put an item: None when it was put, else what stood in the way, which is empty when it is gone by now."""
        try:
            await self._client.put_item(
                TableName=self._name,
                Item=item,
                ConditionExpression="attribute_not_exists(#name) OR #expires_at <= :accepted",
                ExpressionAttributeNames={"#name": "name", "#expires_at": EXPIRES_AT},
                ExpressionAttributeValues={":accepted": number(seconds_of(order.accepted_at))},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if failure_of(error) is not Failure.CONDITION_FAILED:
                raise
            there: Any = error.response.get("Item")
            return there or await self._standing({each: item[each] for each in _KEY})
        return None

    async def _standing(self, key: Any) -> Any:
        """An item, by an update that changes nothing; empty when it is gone. For servers that do not say it.

        AWS says it with the refusal. A worker has no right to read names, and needs none.
        """
        try:
            answer = await self._client.update_item(
                TableName=self._name,
                Key=key,
                UpdateExpression="SET #order = #order",
                ConditionExpression="attribute_exists(#order)",
                ExpressionAttributeNames={"#order": "order"},
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if failure_of(error) is not Failure.CONDITION_FAILED:
                raise
            return {}
        return answer["Attributes"]

    async def _replace(self, item: Any, seen: Any) -> bool:
        """Put an item in the place of what was seen; false when that has changed."""
        conditions, values = ["#order = :order"], {":order": seen["order"]}
        if EXPIRES_AT in seen:
            conditions.append("#expires_at = :expires_at")
            values[":expires_at"] = seen[EXPIRES_AT]
        else:
            conditions.append("attribute_not_exists(#expires_at)")
        return await carried_out(
            self._client.put_item(
                TableName=self._name,
                Item=item,
                ConditionExpression=" AND ".join(conditions),
                ExpressionAttributeNames={"#order": "order", "#expires_at": EXPIRES_AT},
                ExpressionAttributeValues=values,
            )
        )

    async def would_take(self, account: Account, merchant_id: MerchantId, name: str, order: WriteOrder) -> bool:
        """Whether the table can hold such a name at all; writes nothing.

        Raises:
            ClientError: the table refuses for a reason that is not in the name.
        """
        return await would_be_taken(
            self._client.put_item(
                TableName=self._name,
                Item=_item(account, merchant_id, name, order),
                ConditionExpression=NEVER,
                ExpressionAttributeNames={"#key": "name"},
            )
        )

    async def page(
        self, account: Account, prefix: str, *, after: str | None, limit: int
    ) -> tuple[list[MerchantName], bool]:
        """Names whose normalised form begins with the normalised prefix, in order, and whether there are more.

        A page may be short of its limit and still have more behind it: DynamoDB reads a megabyte at most.
        """
        key = normalise_prefix(prefix)
        request: Any = {
            "TableName": self._name,
            "Limit": limit + 1,
            "KeyConditionExpression": "#account = :account" + (" AND begins_with(#name, :prefix)" if key else ""),
            "ExpressionAttributeNames": {"#account": "account", **({"#name": "name"} if key else {})},
            "ExpressionAttributeValues": {":account": string(account), **({":prefix": string(key)} if key else {})},
        }
        if after is not None:
            request["ExclusiveStartKey"] = {"account": string(account), "name": string(after)}
        while True:
            answer = await self._client.query(**request)
            found = [
                MerchantName(MerchantId(i["merchant_id"]["S"]), i["display_name"]["S"], i["name"]["S"])
                for i in answer["Items"]
                if not KEPT_FOR_EVER.has_passed(i)
            ]
            if found or "LastEvaluatedKey" not in answer:
                return found[:limit], len(found) > limit or "LastEvaluatedKey" in answer
            # All of these names are over, and perhaps many more.
            request |= {
                "ExclusiveStartKey": answer["LastEvaluatedKey"],
                "Limit": max(limit + 1, min(GROWTH * request["Limit"], ROWS_MAX)),
            }


def _item(account: Account, merchant_id: MerchantId, name: str, order: WriteOrder) -> dict[str, Any]:
    return {
        "account": string(account),
        "name": string(normalise_merchant(name)),
        "merchant_id": string(merchant_id),
        "display_name": string(name),
        "order": string(order.text),
    }


def _endless(item: Any) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != EXPIRES_AT}
