"""Pages of a range with what a filter leaves of them."""

from collections.abc import Sequence
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from txn_core.dynamodb import filtered_pages
from txn_core.dynamodb.filtered_pages import ROWS_EXAMINED_MAX, filtered
from txn_core.dynamodb.ranges import Page, RangeQuery, Row, SortKey, Span

ROWS = [Row(SortKey(f"2026-01-01T00:00:00.000000Z#{number:08d}"), str(number)) for number in range(3_000)]


class Reads:
    """A range in memory, which counts the rows that were read and held against the filter."""

    def __init__(self, rows: Sequence[Row], matching: frozenset[int]) -> None:
        self.rows, self.matching = rows, matching
        self.reads = self.examined = 0

    async def page(self, query: RangeQuery) -> Page:
        self.reads += 1
        after, limit = query.span.after, query.span.limit
        rest = [row for row in self.rows if after is None or row.sort > after]
        return Page(tuple(rest[:limit]), rest[limit - 1].sort if len(rest) > limit else None)

    async def wanted(self, rows: Sequence[Row]) -> list[bool]:
        self.examined += len(rows)
        return [int(row.event) in self.matching for row in rows]


def query_of(limit: int) -> RangeQuery:
    return RangeQuery("index", "key", "subject", ("p",), Span(descending=False, limit=limit))


@given(
    count=st.integers(0, 40),
    matching=st.frozensets(st.integers(0, 39)),
    limit=st.sampled_from([1, 2, 5, 12, 40]),
    examined_max=st.sampled_from([1, 3, 12, 1_000]),
)
@settings(max_examples=150)
async def test_a_walk_meets_every_matching_row_once_in_order(
    *, count: int, matching: frozenset[int], limit: int, examined_max: int
) -> None:
    """Whatever the limit and the bound of a request, which no request exceeds."""
    reads, query, found = Reads(ROWS[:count], matching), query_of(limit), list[Row]()
    with patch.object(filtered_pages, "ROWS_EXAMINED_MAX", examined_max):
        while True:
            reads.examined = 0
            rows, goes_on_behind = await filtered(query, reads.page, reads.wanted)
            assert len(rows) <= limit
            assert reads.examined <= examined_max
            assert len(rows) == limit or goes_on_behind is None or reads.examined == examined_max
            found += rows
            if goes_on_behind is None:
                break
            query = query.behind(goes_on_behind)
    assert [int(row.event) for row in found] == [number for number in range(count) if number in matching]


async def test_few_reads_come_to_the_bound() -> None:
    """Where nothing matches, and where all matches stand at the beginning."""
    for limit, matching in ((1, range(0)), (25, range(0)), (100, range(99)), (1_000, range(1, 1_000))):
        reads = Reads(ROWS, frozenset(matching))
        rows, goes_on_behind = await filtered(query_of(limit), reads.page, reads.wanted)
        assert (len(rows), goes_on_behind) == (len(matching), ROWS[ROWS_EXAMINED_MAX - 1].sort)
        assert reads.examined == ROWS_EXAMINED_MAX
        assert reads.reads <= 8
    reads = Reads(ROWS, frozenset(range(0, 3_000, 10)))
    rows, _ = await filtered(query_of(25), reads.page, reads.wanted)
    assert len(rows) == 25
    assert reads.examined < 2 * 250
