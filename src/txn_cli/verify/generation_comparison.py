"""Two generations of the index, compared item by item: every attribute, conflicts too, in both directions.

Holds one page of a table at a time. What is written meanwhile may differ for a moment: let both catch up first.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import LAYOUT_ID

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PAGE_ITEMS: Final = 100  # BatchGetItem takes no more

# Told of each fault: the table, what is wrong, the item's key.
OnFault = Callable[[str, str, str], None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one kind of table holds in two generations: `missing` of the first's in the second, and the reverse."""

    table: str
    items: int
    missing: int
    different: int
    extra: int

    @property
    def equal(self) -> bool:
        """Whether both hold the same items with the same attributes."""
        return not (self.missing or self.different or self.extra)


async def compare(
    client: "DynamoDBClient", one: TableNames, other: TableNames, on_fault: OnFault
) -> list[Comparison]:
    """Compare the transactions, the merchants and the other ids of cards of two generations."""
    return [
        await _compare("transactions", ("id",), _Pair(client, one.transactions, other.transactions), on_fault),
        await _compare("merchants", ("account", "name"), _Pair(client, one.merchants, other.merchants), on_fault),
        await _compare("cards", ("card",), _Pair(client, one.cards, other.cards), on_fault),
    ]


@dataclass(frozen=True, slots=True)
class _Pair:
    client: "DynamoDBClient"
    one: str
    other: str

    def turned(self) -> "_Pair":
        return _Pair(self.client, self.other, self.one)

    async def pages(self, keys: Sequence[str]) -> AsyncIterator[list[tuple[Any, Any | None]]]:
        """The items of the one, page by page, each with the other's of the same key."""
        pages = self.client.get_paginator("scan").paginate(
            TableName=self.one, ConsistentRead=True, PaginationConfig={"PageSize": PAGE_ITEMS}
        )
        async for page in pages:
            items = [item for item in page["Items"] if item.get("id") != {"S": LAYOUT_ID}]
            twins = {_key(twin, keys): twin for twin in await self._get([{k: i[k] for k in keys} for i in items])}
            yield [(item, twins.get(_key(item, keys))) for item in items]

    async def _get(self, keys: list[Any]) -> list[Any]:
        found: list[Any] = []
        asked: Any = {self.other: {"Keys": keys, "ConsistentRead": True}} if keys else {}
        while asked:
            answer = await self.client.batch_get_item(RequestItems=asked)
            found += answer["Responses"].get(self.other, [])
            asked = answer["UnprocessedKeys"]
        return found


async def _compare(table: str, keys: Sequence[str], pair: _Pair, on_fault: OnFault) -> Comparison:
    items = missing = different = extra = 0
    async for page in pair.pages(keys):
        items += len(page)
        for item, twin in page:
            if twin is None:
                missing += 1
                on_fault(table, "missing", _key(item, keys))
            elif _plain(item) != _plain(twin):
                different += 1
                on_fault(table, "different", _key(item, keys))
    async for page in pair.turned().pages(keys):
        for item in (item for item, twin in page if twin is None):
            extra += 1
            on_fault(table, "extra", _key(item, keys))
    return Comparison(table, items, missing, different, extra)


def _key(item: Any, keys: Iterable[str]) -> str:
    return " ".join(item[name]["S"] for name in keys)


def _plain(item: Any) -> dict[str, Any]:
    """The item with its sets in order: DynamoDB promises none."""
    return {name: {kind: sorted(v) if kind == "SS" else v for kind, v in of.items()} for name, of in item.items()}
