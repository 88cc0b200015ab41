"""The adapter: alerts of an account in DynamoDB."""

from typing import TYPE_CHECKING, Self

from txn_core.dynamodb.tables import TableNames
from txn_core.transactions.identity import Account

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient


class AlertTable:
    """Reads and writes of alerts."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client, self.name = client, name

    @classmethod
    def of(cls, client: "DynamoDBClient", names: TableNames) -> Self:
        """The table under the prefix of all tables."""
        return cls(client, f"{names.prefix}-alerts")

    async def put(self, account: Account, alert_id: str, score: int) -> None:
        """Keep an alert."""
        item = {"id": {"S": f"{account}#{alert_id}"}, "score": {"N": str(score)}}
        await self._client.put_item(TableName=self.name, Item=item)

    async def score(self, account: Account, alert_id: str) -> int | None:
        """The score of an alert, or None."""
        answer = await self._client.get_item(TableName=self.name, Key={"id": {"S": f"{account}#{alert_id}"}})
        return int(answer["Item"]["score"]["N"]) if "Item" in answer else None
