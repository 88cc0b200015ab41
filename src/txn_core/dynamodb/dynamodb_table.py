"""What every table of ours can do."""

from typing import Any

from txn_core.aws.errors import carried_out
from txn_core.aws.types import DynamoDBClient


class DynamoDBTable:
    """A table by its full name, as a client reaches it."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client, self._name = client, name

    async def _item(self, key: Any) -> Any | None:
        """The item of a key, read consistently; None where there is none."""
        return (await self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True)).get("Item")

    async def _put_if_absent(self, item: Any, key: str) -> bool:
        """Put an item unless there is one under its key; false when there is.

        `key` is one of the key's attributes, whose name is none of DynamoDB's reserved words (`position` is one).
        """
        return await carried_out(
            self._client.put_item(TableName=self._name, Item=item, ConditionExpression=f"attribute_not_exists({key})")
        )
