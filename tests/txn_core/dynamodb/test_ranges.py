"""Reading a range of several partitions as one."""

from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from txn_core.dynamodb import ranges
from txn_core.dynamodb.ranges import CHUNK_SLACK, Chunk, Page, RangeQuery, ReadChunk, Row, SortKey, Span, merge
from txn_core.transactions.instants import Instant

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
    """Partitions in memory that answer chunks as DynamoDB does, with chunks as short as they like.

    With `empty_first` every read that begins somewhere new gives no rows at all and says where it stopped, which
    DynamoDB may do.
    """

    def __init__(
        self,
        rows: dict[str, list[SortKey]],
        query: RangeQuery,
        chunk_max: int | None = None,
        *,
        empty_first: bool = False,
    ) -> None:
        self.rows, self.query, self.chunk_max = rows, query, chunk_max
        self.reads: list[str] = []
        self.given = 0
        self._empty_first = empty_first
        self._been: set[tuple[str, SortKey | None]] = set()

    async def read(self, partition: str, after: SortKey | None, rows_max: int) -> Chunk:
        self.reads.append(partition)
        span = self.query.span
        low, high = span.bounds()
        keys = sorted((key for key in self.rows[partition] if low <= key <= high), reverse=span.descending)
        rest = [k for k in keys if after is None or (k < after if span.descending else k > after)]
        if self._empty_first and after is not None and (partition, after) not in self._been:
            self._been.add((partition, after))
            return Chunk([], after)
        chunk = rest[: min(rows_max, self.chunk_max or rows_max)]
        self.given += len(chunk)
        # Like DynamoDB, which says that there may be more when it stopped at the limit.
        stopped = len(chunk) == rows_max or len(chunk) < len(rest)
        return Chunk([Row(key, f"event of {key}") for key in chunk], chunk[-1] if stopped else None)


def query_of(rows: dict[str, list[SortKey]], span: Span) -> RangeQuery:
    return RangeQuery("index", "key", "subject", tuple(rows), span)


async def page_of(rows: dict[str, list[SortKey]], span: Span, chunk_max: int | None = None) -> Page:
    query = query_of(rows, span)
    read: ReadChunk = Store(rows, query, chunk_max).read
    return await merge(query, read)


@given(
    pairs=PARTITIONED,
    descending=st.booleans(),
    limit=st.sampled_from([1, 2, 7, 1000]),
    chunk_max=st.sampled_from([1, 3, None]),
    empty_first=st.booleans(),
    reads_max=st.sampled_from([0, 1, ranges.READS_MAX]),
)
@settings(max_examples=100)
async def test_walking_pages_meets_every_row_once_in_order(
    *,
    pairs: list[tuple[SortKey, int]],
    descending: bool,
    limit: int,
    chunk_max: int | None,
    empty_first: bool,
    reads_max: int,
) -> None:
    """Whatever the limit, the order, the chunks and the ties, the pages together are the sorted whole.

    Also where pages are short since they came to their bound of reads.
    """
    rows = partitions_of(pairs)
    found: list[SortKey] = []
    if empty_first:  # such a read comes no further, which DynamoDB does not do for long
        reads_max = ranges.READS_MAX
    span = Span(descending=descending, limit=limit)
    query = query_of(rows, span)
    while True:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(ranges, "READS_MAX", reads_max)
            page = await merge(query, Store(rows, query, chunk_max, empty_first=empty_first).read)
        assert len(page.rows) <= limit
        assert len(page.rows) == limit or not page.has_more or reads_max < ranges.READS_MAX
        found += [row.sort for row in page.rows]
        if not page.has_more:
            break
        assert page.goes_on_behind != query.span.after
        query = query.behind(page.goes_on_behind)
    assert found == sorted((sort for sort, _ in pairs), reverse=descending)


@given(
    pairs=PARTITIONED,
    later=st.lists(st.tuples(SORTS, st.integers(0, 4)), max_size=40, unique_by=lambda pair: pair[0]),
    descending=st.booleans(),
    limit=st.sampled_from([1, 2, 7]),
    data=st.data(),
)
@settings(max_examples=80)
async def test_a_walk_among_inserts_misses_nothing_and_doubles_nothing(
    *,
    pairs: list[tuple[SortKey, int]],
    later: list[tuple[SortKey, int]],
    descending: bool,
    limit: int,
    data: st.DataObject,
) -> None:
    """Rows come into being anywhere, between two reads of one page too: what was there is met once, in order."""
    rows, there = partitions_of(pairs), {sort for sort, _ in pairs}
    coming = [pair for pair in later if pair[0] not in there]

    async def insert_and_read(store: Store, partition: str, after: SortKey | None, rows_max: int) -> Chunk:
        for _ in range(data.draw(st.integers(0, 3))):
            if coming:
                sort, place = coming.pop()
                rows[f"p{place}"].append(sort)
        return await store.read(partition, after, rows_max)

    found: list[SortKey] = []
    query = query_of(rows, Span(descending=descending, limit=limit))
    more = True
    while more:
        page = await merge(query, partial(insert_and_read, Store(rows, query, data.draw(st.sampled_from([2, None])))))
        found += [row.sort for row in page.rows]
        more = page.has_more
        query = query.behind(found[-1] if found else None)
    assert found == sorted(set(found), reverse=descending)
    assert there <= set(found)


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


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("limit", [1, 100, 1000])
async def test_one_partition_that_has_everything_needs_few_reads_and_about_a_page(
    limit: int, *, descending: bool
) -> None:
    """A card whose older key versions have no rows, or ids that all fall on one write shard, cost no read a row."""
    rows = {"full": [SortKey(f"2026-01-01T00:00:00.000000Z#{i:08d}") for i in range(3000)]}
    query = query_of({**rows, **{f"empty{i}": [] for i in range(7)}}, Span(descending=descending, limit=limit))
    store = Store({**rows, **{f"empty{i}": [] for i in range(7)}}, query)
    page = await merge(query, store.read)
    assert (len(page.rows), page.has_more) == (limit, True)
    assert store.reads.count("full") <= 4
    assert store.given <= limit + 1 + CHUNK_SLACK


@pytest.mark.parametrize("descending", [True, False])
async def test_a_full_page_is_told_to_be_followed_without_another_page(*, descending: bool) -> None:
    """Where the server stopped short of the last row but one, only what is missing is asked for."""
    rows = {"p": [SortKey(f"2026-01-01T00:00:00.000000Z#{i:08d}") for i in range(3000)]}
    query = query_of(rows, Span(descending=descending, limit=1000))
    store = Store(rows, query, chunk_max=1000)
    page = await merge(query, store.read)
    assert (len(page.rows), page.has_more, store.given) == (1000, True, 1001)


@pytest.mark.parametrize("limit", [1, 10, 1000])
async def test_many_rows_that_are_over_are_passed_over_in_few_reads(limit: int) -> None:
    """A page behind 100,000 of them, with no row that is not needed in it."""
    over, asked = 100_000, list[int]()

    async def read(_partition: str, after: SortKey | None, rows_max: int) -> Chunk:
        asked.append(rows_max)
        first = 0 if after is None else int(after) + 1
        rows = [Row(SortKey(f"{i:09d}"), "") for i in range(max(first, over), first + rows_max)]
        return Chunk(rows, SortKey(f"{first + rows_max - 1:09d}"))

    page = await merge(RangeQuery("i", "k", "s", ("p",), Span(limit=limit, descending=False)), read)
    assert [int(row.sort) for row in page.rows] == list(range(over, over + limit))
    assert page.has_more
    assert len(asked) < 115
    assert (asked[0], max(asked)) == (limit + 1, max(limit + 1, 1000))


async def test_a_page_ends_somewhere_in_rows_without_end_that_are_over() -> None:
    """Of a million of them one page passes a bounded number, and says where to go on."""
    over, reads = 1_000_000, 0

    async def read(_partition: str, after: SortKey | None, rows_max: int) -> Chunk:
        nonlocal reads
        reads += 1
        first = 0 if after is None else int(after) + 1
        rows = [Row(SortKey(f"{i:09d}"), "") for i in range(max(first, over), first + rows_max)]
        return Chunk(rows, SortKey(f"{first + rows_max - 1:09d}"))

    query, pages = RangeQuery("i", "k", "s", ("p",), Span(limit=10, descending=False)), 0
    while not (page := await merge(query, read)).rows:
        pages, query = pages + 1, query.behind(page.goes_on_behind)
        assert reads <= pages * (1 + ranges.READS_MAX)
    assert (int(page.rows[0].sort), pages) == (over, 8)


def test_a_chunk_is_a_fair_share() -> None:
    """A page's rows are asked for about once over all partitions, not once of each."""
    assert RangeQuery("i", "k", "s", ("p",), Span(limit=100)).chunk == 101
    assert RangeQuery("i", "k", "s", tuple("abcdefgh"), Span(limit=100)).chunk == 13 + CHUNK_SLACK


def test_bounds_enclose_every_time_by_default() -> None:
    """Without from and to, every sort key that can be lies between the bounds."""
    low, high = Span().bounds()
    for key in ("1970-01-01T00:00:00.000000Z#--------", "9999-12-31T23:59:59.999999Z#zzzzzzzz"):
        assert low < key < high


def test_a_query_goes_on_behind_a_row() -> None:
    """The same query with another beginning, everything else unchanged."""
    query = RangeQuery("i", "k", "s", ("p",), Span(limit=7, descending=False))
    behind = query.behind(SortKey("x"))
    assert behind.span == Span(limit=7, descending=False, after=SortKey("x"))
    assert behind.behind(None) == query
