"""Two generations of the index, compared item by item: every attribute, conflicts too, in both directions.

Holds one page of a table at a time. What is written meanwhile may differ for a moment: let both catch up first.

What is over in either of them is left out, and so is when an item will be: an id that was sent again lives on with
its first write in one generation, and with the next in one that was built when the first was over.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.attributes import string
from txn_core.dynamodb.conflict_contents import CONTENTS
from txn_core.dynamodb.dynamodb_table import read_items
from txn_core.dynamodb.expiry import KEPT_FOR_EVER, Expiry
from txn_core.dynamodb.item_form import EVENT, event_of
from txn_core.dynamodb.table_shapes import EXPIRES_AT
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import LAYOUT_ID, ORIGINAL
from txn_core.exceptions import StoredEventError
from txn_core.positions import WriteOrder

PAGE_ITEMS: Final = 100  # BatchGetItem takes no more
_OF_LATER: Final = (ORIGINAL, CONTENTS)
"""What rows lack that were written before there was such an attribute: compared where both rows have it."""

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
    client: DynamoDBClient, one: TableNames, other: TableNames, on_fault: OnFault, expiry: Expiry = KEPT_FOR_EVER
) -> list[Comparison]:
    """Compare the transactions, the merchants and the other ids of cards of two generations."""
    tables = (
        ("transactions", ("id",), one.transactions, other.transactions),
        ("merchants", ("account", "name"), one.merchants, other.merchants),
        ("cards", ("card",), one.cards, other.cards),
    )
    return [
        await _compare(table, keys, _Pair(client, first, second, expiry), on_fault)
        for table, keys, first, second in tables
    ]


@dataclass(frozen=True, slots=True)
class _Pair:
    client: DynamoDBClient
    one: str
    other: str
    expiry: Expiry

    def turned(self) -> "_Pair":
        return _Pair(self.client, self.other, self.one, self.expiry)

    async def pages(self, keys: Sequence[str]) -> AsyncIterator[list[tuple[Any, Any | None]]]:
        """The items of the one, page by page, each with the other's of the same key."""
        pages = self.client.get_paginator("scan").paginate(
            TableName=self.one, ConsistentRead=True, PaginationConfig={"PageSize": PAGE_ITEMS}
        )
        async for page in pages:
            items = [item for item in page["Items"] if item.get("id") != {"S": LAYOUT_ID}]
            found = await read_items(self.client, self.other, [{k: i[k] for k in keys} for i in items])
            twins = {_key(twin, keys): twin for twin in found}
            pairs = [(item, twins.get(_key(item, keys))) for item in items]
            yield [pair for pair in pairs if not any(each is not None and self._is_over(each) for each in pair)]

    def _is_over(self, item: Any) -> bool:
        written = item.get("order")
        first_is_over = written is not None and self.expiry.is_over(WriteOrder(written["S"]).accepted_at)
        return first_is_over or self.expiry.has_passed(item)


async def _compare(table: str, keys: Sequence[str], pair: _Pair, on_fault: OnFault) -> Comparison:
    items = missing = different = extra = 0
    async for page in pair.pages(keys):
        items += len(page)
        for item, twin in page:
            if twin is None:
                missing += 1
                on_fault(table, "missing", _key(item, keys))
            elif _differ(_plain(item), _plain(twin)):
                different += 1
                on_fault(table, "different", _key(item, keys))
    async for page in pair.turned().pages(keys):
        for item in (item for item, twin in page if twin is None):
            extra += 1
            on_fault(table, "extra", _key(item, keys))
    return Comparison(table, items, missing, different, extra)


def _key(item: Any, keys: Iterable[str]) -> str:
    return " ".join(item[name]["S"] for name in keys)


def _differ(one: dict[str, Any], other: dict[str, Any]) -> bool:
    lacking = {name for name in _OF_LATER if name not in one or name not in other}
    return any(one.get(name) != other.get(name) for name in {*one, *other} - lacking)


def _plain(item: Any) -> dict[str, Any]:
    """The item but for its end, its event as text, with its sets in order: DynamoDB promises none.

    An event that cannot be read stays as it is.
    """
    if EVENT in item:
        with suppress(StoredEventError):
            item = {**item, EVENT: string(event_of(item))}
    return {
        name: {kind: sorted(v) if kind == "SS" else v for kind, v in of.items()}
        for name, of in item.items()
        if name != EXPIRES_AT
    }
