"""The names of merchants by account, found by the beginning of their normalised form."""

from dataclasses import dataclass
from typing import Any

from txn_core.aws.errors import carried_out
from txn_core.dynamodb.attributes import string
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.dynamodb.refusals import NEVER, would_be_taken
from txn_core.positions import WriteOrder
from txn_core.transactions.identity import Account, MerchantId, normalise_merchant, normalise_prefix


@dataclass(frozen=True, slots=True)
class MerchantName:
    """A merchant's canonical name: the spelling of its first transaction."""

    merchant_id: MerchantId
    name: str
    key: str


class MerchantTable(DynamoDBTable):
    """Reads and first-spelling-wins writes of the merchant names."""

    async def put_first(self, account: Account, merchant_id: MerchantId, name: str, order: WriteOrder) -> None:
        """Keep the spelling of the earliest write; a later one changes nothing."""
        await carried_out(
            self._client.put_item(
                TableName=self._name,
                Item=_item(account, merchant_id, name, order),
                ConditionExpression="attribute_not_exists(#name) OR #order > :order",
                ExpressionAttributeNames={"#name": "name", "#order": "order"},
                ExpressionAttributeValues={":order": string(order.text)},
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
        start: Any = {"account": string(account), "name": string(after or "")}
        answer = await self._client.query(
            TableName=self._name,
            Limit=limit + 1,
            KeyConditionExpression="#account = :account" + (" AND begins_with(#name, :prefix)" if key else ""),
            ExpressionAttributeNames={"#account": "account", **({"#name": "name"} if key else {})},
            ExpressionAttributeValues={":account": string(account), **({":prefix": string(key)} if key else {})},
            **({} if after is None else {"ExclusiveStartKey": start}),
        )
        found = [
            MerchantName(MerchantId(i["merchant_id"]["S"]), i["display_name"]["S"], i["name"]["S"])
            for i in answer["Items"]
        ]
        return found[:limit], len(found) > limit or "LastEvaluatedKey" in answer


def _item(account: Account, merchant_id: MerchantId, name: str, order: WriteOrder) -> dict[str, Any]:
    return {
        "account": string(account),
        "name": string(normalise_merchant(name)),
        "merchant_id": string(merchant_id),
        "display_name": string(name),
        "order": string(order.text),
    }
