"""How far one consumer has read the lake, in a table that all its processes share.

The lake is cut into parts, each a prefix of object names (an hour of arrivals). A part's row says up to which object
it is done. A claim keeps processes apart but locks nothing: a consumer must bear to get an object twice. Consumers
have rows of their own, told by their names, so that any number of them read one lake. The rows of the index's
rebuild have no name in them: they were there before there were other consumers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from txn_core.aws.errors import carried_out
from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.attributes import string
from txn_core.dynamodb.dynamodb_table import DynamoDBTable

INDEX_REBUILD: Final = "index"
HEAD: Final = "#snapshot"  # the row of a consumer that is no part; no object is called so
_SEPARATOR: Final = ":"


@dataclass(frozen=True, slots=True)
class Part:
    """Objects whose names begin with a prefix. `unreadable`: one was, and the consumer lacks what it holds."""

    prefix: str
    claimed: bool = False
    complete: bool = False
    unreadable: bool = False


class ConsumerProgress(DynamoDBTable):
    """Reads and conditional writes of one consumer's rows."""

    def __init__(self, client: DynamoDBClient, name: str, consumer: str) -> None:
        if not consumer or _SEPARATOR in consumer:
            raise ValueError(f"a consumer of the lake has a name without {_SEPARATOR!r}")
        super().__init__(client, name)
        self._own = "" if consumer == INDEX_REBUILD else f"{consumer}{_SEPARATOR}"

    async def listed(self) -> bool:
        """Whether every part that was to be read has its row."""
        item = await self._item(self._key(HEAD))
        return item is not None and "listed" in item

    async def add(self, prefixes: Iterable[str]) -> None:
        """Add parts, and then say that all are there. A part that is there already stays as it is."""
        for name in (*prefixes, HEAD):
            await self._put_if_absent(self._key(name), "part")
        await self._mark(HEAD, "listed")

    async def parts(self) -> list[Part]:
        """Every part, in the order of the names."""
        return sorted(
            (_part(name, item) for name, item in await self._rows() if name != HEAD), key=lambda part: part.prefix
        )

    async def claim(self, part: Part) -> bool:
        """Claim a part that nobody has claimed; false when somebody has."""
        return await self._mark(part.prefix, "claimed", "attribute_not_exists(claimed)")

    async def done_to(self, part: Part) -> str:
        """The name of the last object of a part that is done; empty when none is."""
        item = await self._item(self._key(part.prefix))
        return "" if item is None or "done_to" not in item else str(item["done_to"]["S"])

    async def advance(self, part: Part, key: str) -> None:
        """An object is done, and all before it. Somebody else may be further."""
        await self._update(
            part.prefix,
            "SET done_to = :key",
            {":key": string(key)},
            "attribute_not_exists(done_to) OR done_to < :key",
        )

    async def note_unreadable(self, part: Part) -> None:
        """An object of a part can not be read; the part goes on without it."""
        await self._mark(part.prefix, "unreadable")

    async def complete(self, part: Part) -> None:
        """All objects of a part are done."""
        await self._mark(part.prefix, "complete")

    async def _rows(self) -> list[tuple[str, Any]]:
        """The consumer's rows, each with its name."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._name, ConsistentRead=True)
        items = [(item["part"]["S"], item) async for page in pages for item in page["Items"]]
        return [
            (key.removeprefix(self._own), item)
            for key, item in items
            if (key.startswith(self._own) if self._own else _SEPARATOR not in key)
        ]

    async def _mark(self, name: str, mark: str, condition: str = "attribute_exists(part)") -> bool:
        return await self._update(name, f"SET {mark} = :true", {":true": {"BOOL": True}}, condition)

    async def _update(self, name: str, update: str, values: Any, condition: str) -> bool:
        return await carried_out(
            self._client.update_item(
                TableName=self._name,
                Key=self._key(name),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        )

    def _key(self, name: str) -> dict[str, Any]:
        return {"part": string(f"{self._own}{name}")}


def _part(name: str, item: Any) -> Part:
    return Part(name, **{mark: mark in item for mark in ("claimed", "complete", "unreadable")})
