"""The names of merchants by account, found by the beginning of their normalised form."""

from dataclasses import dataclass
from typing import Any, Final

from txn_core.aws.errors import carried_out
from txn_core.dynamodb.attributes import number, replacement, string
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.dynamodb.expiry import KEPT_FOR_EVER, expiry_attribute
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

        `expires_at` is when the write's transaction is over, in seconds since 1970; None for never.
        """
        item = _item(account, merchant_id, name, order)
        if expires_at is None:
            await carried_out(
                self._client.put_item(
                    TableName=self._name,
                    Item=item,
                    ConditionExpression="attribute_not_exists(#name) OR #order > :order",
                    ExpressionAttributeNames={"#name": "name", "#order": "order"},
                    ExpressionAttributeValues={":order": string(order.text)},
                )
            )
        elif not await self._put_if_over(item, expires_at):
            await self._spell_earlier(item)
            await self._keep_until({each: item[each] for each in _KEY}, expires_at)

    async def _put_if_over(self, item: Any, expires_at: int) -> bool:
        return await carried_out(
            self._client.put_item(
                TableName=self._name,
                Item=item | expiry_attribute(expires_at),
                ConditionExpression="attribute_not_exists(#name) OR #expires_at <= :now",
                ExpressionAttributeNames={"#name": "name", "#expires_at": EXPIRES_AT},
                ExpressionAttributeValues={":now": number(int(KEPT_FOR_EVER.clock()))},
            )
        )

    async def _spell_earlier(self, item: Any) -> None:
        """Take over the spelling of an earlier write; how long the name is kept stays."""
        changed = {name: value for name, value in item.items() if name not in _KEY}
        await carried_out(
            self._client.update_item(
                TableName=self._name,
                Key={each: item[each] for each in _KEY},
                UpdateExpression=replacement(changed, ()),
                ConditionExpression="#order > :order",
                ExpressionAttributeNames={f"#{name}": name for name in changed},
                ExpressionAttributeValues={f":{name}": value for name, value in changed.items()},
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
