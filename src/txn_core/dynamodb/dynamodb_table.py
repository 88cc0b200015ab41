"""What every table of ours can do."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final

from txn_core.aws.errors import carried_out
from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.attributes import string

BATCH_KEYS_MAX: Final = 100
ROUNDS_MAX: Final = 8
"""In a row that answer none of the keys asked for; each waits `PAUSE_S` longer than the one before."""
PAUSE_S: Final = 0.05


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
            TimeoutError: as `read_items`.
        """
        keys = [{"id": string(each)} for each in dict.fromkeys(ids)]
        return await read_items(self._client, self._name, keys, ProjectionExpression=attributes)

    async def _put_if_absent(self, item: Any, key: str) -> bool:
        """Put an item unless there is one under its key; false when there is.

        `key` is one of the key's attributes, whose name is none of DynamoDB's reserved words (`position` is one).
        """
        return await carried_out(
            self._client.put_item(TableName=self._name, Item=item, ConditionExpression=f"attribute_not_exists({key})")
        )


async def read_items(client: DynamoDBClient, table: str, keys: Sequence[Any], **request: Any) -> list[Any]:
    """The items of those keys that have one, read consistently by BatchGetItem, in no order; no key twice.

    `request` may name the attributes. An answer has 16 MB at most, and a throttled table leaves keys over.

    Raises:
        TimeoutError: DynamoDB answered for none of the keys again and again; an outage, which passes.
    """
    found, left, fruitless = list[Any](), list(keys), 0
    while left:
        asked, rest = left[:BATCH_KEYS_MAX], left[BATCH_KEYS_MAX:]
        wanted: Any = {table: {"Keys": asked, "ConsistentRead": True, **request}}
        answer: Any = await client.batch_get_item(RequestItems=wanted)
        found += answer["Responses"].get(table, ())
        over = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        fruitless = fruitless + 1 if len(over) == len(asked) else 0
        if fruitless == ROUNDS_MAX:
            raise TimeoutError(f"{table} answers for none of {len(keys)} keys")
        left = [*over, *rest]
        await asyncio.sleep(PAUSE_S * fruitless)
    return found
