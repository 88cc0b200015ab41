"""The stand-in for DynamoDB against a sorted list; what dynalite says to the same calls, the index' tests say."""

from typing import TYPE_CHECKING, Any, cast

import pytest
from bench.reads.dynamodb import Table, query

from tests.builders import ACCOUNT, encoded, index_item, keys, pan, position, transaction_id
from txn_core.dynamodb.ranges import RangeQuery, Span
from txn_core.dynamodb.transactions import TransactionTable
from txn_core.transactions.instants import Instant

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

SHARDS = 3
MOMENTS = [Instant(f"2020-01-01T00:00:0{second}.000000Z") for second in range(5)]
ROWS = [(transaction_id(number), MOMENTS[number % 4]) for number in range(30)]


class InMemory:
    """A client whose queries are answered by the stand-in's own function."""

    def __init__(self) -> None:
        self.table = Table()

    async def query(self, **request: Any) -> dict[str, Any]:
        return query(self.table, request)


@pytest.fixture
def table() -> TransactionTable:
    """A filled index in the stand-in."""
    client = InMemory()
    table = TransactionTable(cast("DynamoDBClient", client), "transactions", SHARDS)
    for name, at in ROWS:
        item = index_item(encoded(transaction_id=name, occurred_at=at), position(1))
        client.table.put("id", table.attributes(item))
    return table


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("limit", [1, 4, 30, 1000])
@pytest.mark.parametrize(("start", "end"), [(None, None), (MOMENTS[1], MOMENTS[3]), (MOMENTS[2], MOMENTS[2])])
async def test_pages_are_those_of_a_sorted_list(
    table: TransactionTable, start: Instant | None, end: Instant | None, limit: int, *, descending: bool
) -> None:
    """By card and by merchant, with bounds and start keys in both orders: a measure reads what it should read."""
    there = sorted((at, name) for name, at in ROWS if (start or "") <= at < (end or "~"))
    span = Span(start, end, descending=descending, limit=limit)
    merchant_id = keys().merchant_id("Rippin, Kub and Mann")
    for asked in (
        table.by_card(ACCOUNT, keys().card_ids(pan()), span),
        table.by_merchant(ACCOUNT, merchant_id, span),
    ):
        found = [sort.partition("#") for sort in await _walked(table, asked)]
        assert [(at, name) for at, _, name in found] == (there[::-1] if descending else there)


async def _walked(table: TransactionTable, asked: RangeQuery) -> list[str]:
    sorts: list[str] = []
    while True:
        page = await table.page(asked)
        sorts += [row.sort for row in page.rows]
        if not page.has_more:
            return sorts
        asked = asked.behind(page.rows[-1].sort)
