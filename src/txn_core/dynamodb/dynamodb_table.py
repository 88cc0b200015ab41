"""What every table of ours can do."""

from collections.abc import Iterable
from typing import Any, Final

from txn_core.aws.errors import carried_out
from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.attributes import string
from txn_core.exceptions import StoreError

BATCH_KEYS_MAX: Final = 100
_ROUNDS_MAX: Final = 8


class DynamoDBTable:
    """A table by its full name, as a client reaches it."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client, self._name = client, name

    async def _item(self, key: Any) -> Any | None:
        """The item of a key, read consistently; None where there is none."""
        return (await self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True)).get("Item")

    async def _some(self, ids: Iterable[str], attributes: str) -> list[Any]:
        """The items of those ids that have one, read consistently, with these attributes; for keys named `id`.

        Raises:
            StoreError: DynamoDB left some over again and again.
        """
        keys: list[Any] = [{"id": string(each)} for each in dict.fromkeys(ids)]
        found: list[Any] = []
        for _ in range(len(keys) // BATCH_KEYS_MAX + _ROUNDS_MAX):
            if not keys:
                return found
            asked, keys = keys[:BATCH_KEYS_MAX], keys[BATCH_KEYS_MAX:]
            request: Any = {"Keys": asked, "ConsistentRead": True, "ProjectionExpression": attributes}
            answer: Any = await self._client.batch_get_item(RequestItems={self._name: request})
            found += answer["Responses"].get(self._name, ())
            keys += answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
        raise StoreError(f"{self._name} gave only some of the items")

    async def _put_if_absent(self, item: Any, key: str) -> bool:
        """Put an item unless there is one under its key; false when there is.

        `key` is one of the key's attributes, whose name is none of DynamoDB's reserved words (`position` is one).
        """
        return await carried_out(
            self._client.put_item(TableName=self._name, Item=item, ConditionExpression=f"attribute_not_exists({key})")
        )
