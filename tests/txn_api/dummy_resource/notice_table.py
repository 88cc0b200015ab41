"""The adapter: notices of an account in DynamoDB."""

from typing import TYPE_CHECKING, Self

from txn_core.dynamodb.tables import TableNames
from txn_core.transactions.identity import Account

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient


class NoticeTable:
    """Reads and writes of notices."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client, self.name = client, name

    @classmethod
    def of(cls, client: "DynamoDBClient", names: TableNames) -> Self:
        """The table under the prefix of all tables."""
        return cls(client, f"{names.prefix}-notices")

    async def put(self, account: Account, notice_id: str, score: int) -> None:
        """Keep a notice."""
        item = {"id": {"S": f"{account}#{notice_id}"}, "score": {"N": str(score)}}
        await self._client.put_item(TableName=self.name, Item=item)

    async def score(self, account: Account, notice_id: str) -> int | None:
        """The score of a notice, or None."""
        answer = await self._client.get_item(TableName=self.name, Key={"id": {"S": f"{account}#{notice_id}"}})
        return int(answer["Item"]["score"]["N"]) if "Item" in answer else None
