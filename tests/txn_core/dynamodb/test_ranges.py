"""Reading a range of several partitions as one."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from txn_core.dynamodb.ranges import CHUNK_SLACK, Page, RangeQuery, ReadChunk, Row, SortKey, Span, merge
from txn_core.instants import Instant

# Few times and many ids: ties of time within and across partitions are the rule.
SORTS = st.builds(
    lambda second, number: SortKey(f"2026-01-01T00:00:0{second}.000000Z#{number:08d}"),
    st.integers(0, 3),
    st.integers(0, 99),
)
PARTITIONED = st.lists(st.tuples(SORTS, st.integers(0, 4)), max_size=40, unique_by=lambda pair: pair[0])


def partitions_of(pairs: Sequence[tuple[SortKey, int]]) -> dict[str, list[SortKey]]:
    return {f"p{i}": sorted(sort for sort, place in pairs if place == i) for i in range(5)}


class Store:
    """Partitions in memory that answer chunks as DynamoDB does, with chunks as short as they like."""

    def __init__(self, rows: dict[str, list[SortKey]], query: RangeQuery, chunk_max: int | None = None) -> None:
        self.rows, self.query, self.chunk_max = rows, query, chunk_max
        self.reads: list[str] = []

    async def read(self, partition: str, after: SortKey | None) -> tuple[list[Row], bool]:
        self.reads.append(partition)
        span = self.query.span
        low, high = span.bounds()
        keys = [key for key in self.rows[partition] if low <= key <= high]
        if span.descending:
            keys.reverse()
        rest = [k for k in keys if after is None or (k < after if span.descending else k > after)]
        chunk = rest[: min(self.query.chunk, self.chunk_max or self.query.chunk)]
        # Like DynamoDB, which says that there may be more when it stopped at the limit.
        return [Row(key, f"event of {key}") for key in chunk], len(chunk) == self.query.chunk or len(chunk) < len(
            rest
        )


def query_of(rows: dict[str, list[SortKey]], span: Span) -> RangeQuery:
    return RangeQuery("index", "key", tuple(rows), span)


async def page_of(rows: dict[str, list[SortKey]], span: Span, chunk_max: int | None = None) -> Page:
    query = query_of(rows, span)
    read: ReadChunk = Store(rows, query, chunk_max).read
    return await merge(query, read)


@given(
    pairs=PARTITIONED,
    descending=st.booleans(),
    limit=st.sampled_from([1, 2, 7, 1000]),
    chunk_max=st.sampled_from([1, 3, None]),
)
@settings(max_examples=80)
async def test_walking_pages_meets_every_row_once_in_order(
    *, pairs: list[tuple[SortKey, int]], descending: bool, limit: int, chunk_max: int | None
) -> None:
    """Whatever the limit, the order, the chunks and the ties, the pages together are the sorted whole."""
    rows = partitions_of(pairs)
    found: list[SortKey] = []
    span = Span(descending=descending, limit=limit)
    query = query_of(rows, span)
    while True:
        page = await merge(query, Store(rows, query, chunk_max).read)
        assert len(page.rows) <= limit
        assert len(page.rows) == limit or not page.has_more
        found += [row.sort for row in page.rows]
        if not page.has_more:
            break
        query = query.behind(page.rows[-1].sort)
    assert found == sorted((sort for sort, _ in pairs), reverse=descending)


@given(pairs=PARTITIONED, start=st.integers(0, 4), end=st.integers(0, 4), descending=st.booleans())
@settings(max_examples=60)
async def test_from_is_inside_and_to_is_outside(
    *, pairs: list[tuple[SortKey, int]], start: int, end: int, descending: bool
) -> None:
    """Rows at the very start are found, rows at the very end are not."""
    first, last = (Instant(f"2026-01-01T00:00:0{second}.000000Z") for second in (start, end))
    page = await page_of(partitions_of(pairs), Span(first, last, descending=descending, limit=1000))
    expected = [sort for sort, _ in pairs if first <= sort.partition("#")[0] < last]
    assert [row.sort for row in page.rows] == sorted(expected, reverse=descending)
    assert not page.has_more


@pytest.mark.parametrize("descending", [True, False])
async def test_the_last_page_says_so_exactly(*, descending: bool) -> None:
    """A page that ends with the last row of all has no more; one row before it has."""
    rows = partitions_of([(SortKey(f"2026-01-01T00:00:00.000000Z#{i:08d}"), i % 5) for i in range(10)])
    assert not (await page_of(rows, Span(descending=descending, limit=10))).has_more
    assert (await page_of(rows, Span(descending=descending, limit=9))).has_more
    assert not (await page_of({"p": []}, Span(limit=1))).has_more


async def test_one_partition_needs_one_read_a_page() -> None:
    """A card under one key version costs one query, which also tells whether there is more."""
    rows = {"p": [SortKey(f"2026-01-01T00:00:00.000000Z#{i:08d}") for i in range(50)]}
    query = query_of(rows, Span(limit=10))
    store = Store(rows, query)
    page = await merge(query, store.read)
    assert (len(page.rows), page.has_more, len(store.reads)) == (10, True, 1)


async def test_even_partitions_need_one_read_each() -> None:
    """Rows that are spread evenly come with one round of queries."""
    rows = partitions_of([(SortKey(f"2026-01-01T00:00:00.000000Z#{i:08d}"), i % 5) for i in range(500)])
    query = query_of(rows, Span(limit=100))
    store = Store(rows, query)
    page = await merge(query, store.read)
    assert len(page.rows) == 100
    assert sorted(store.reads) == sorted(rows)


def test_a_chunk_is_a_fair_share() -> None:
    """A page's rows are asked for about once over all partitions, not once of each."""
    assert RangeQuery("i", "k", ("p",), Span(limit=100)).chunk == 101
    assert RangeQuery("i", "k", tuple("abcdefgh"), Span(limit=100)).chunk == 13 + CHUNK_SLACK


def test_bounds_enclose_every_time_by_default() -> None:
    """Without from and to, every sort key that can be lies between the bounds."""
    low, high = Span().bounds()
    for key in ("1970-01-01T00:00:00.000000Z#--------", "9999-12-31T23:59:59.999999Z#zzzzzzzz"):
        assert low < key < high


def test_a_query_goes_on_behind_a_row() -> None:
    """The same query with another beginning, everything else unchanged."""
    query = RangeQuery("i", "k", ("p",), Span(limit=7, descending=False))
    behind = query.behind(SortKey("x"))
    assert behind.span == Span(limit=7, descending=False, after=SortKey("x"))
    assert behind.behind(None) == query
