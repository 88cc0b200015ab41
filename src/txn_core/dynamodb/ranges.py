"""Reading a range of transactions: which partitions, between which times, in which order, from where on.

A merchant's transactions are spread over write shards and a card's over key versions, so one range may lie in
several partitions; `merge` puts them back into one order, holding no more than a page and asking each partition
for its share of it.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import NewType

from txn_core.instants import Instant

SortKey = NewType("SortKey", str)  # occurred_at#transaction_id

EARLIEST_BOUND = "0"
LATEST_BOUND = "~"
CHUNK_SLACK = 8  # rows beyond a fair share: partitions are never quite even


@dataclass(frozen=True, slots=True)
class Span:
    """One page's worth of time: `start` inclusive, `end` exclusive, going on behind `after` in the given order."""

    start: Instant | None = None
    end: Instant | None = None
    descending: bool = True
    after: SortKey | None = None
    limit: int = 100

    def bounds(self) -> tuple[str, str]:
        """The sort key bounds, both inclusive for BETWEEN: a time alone sorts before every `time#id` of it."""
        return self.start or EARLIEST_BOUND, self.end or LATEST_BOUND


@dataclass(frozen=True, slots=True)
class RangeQuery:
    """A span of the partitions of one index whose hash key is `key`."""

    index: str
    key: str
    partitions: tuple[str, ...]
    span: Span

    def behind(self, after: SortKey | None) -> "RangeQuery":
        """The same range, going on behind a sort key."""
        return replace(self, span=replace(self.span, after=after))

    @property
    def chunk(self) -> int:
        """Rows that one partition is asked for at a time: its fair share of a page and one, and some slack."""
        fair = -(-(self.span.limit + 1) // len(self.partitions))
        return fair + (CHUNK_SLACK if len(self.partitions) > 1 else 0)


@dataclass(frozen=True, slots=True)
class Row:
    """One transaction as the index holds it."""

    sort: SortKey
    event: str
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a range in order, and whether the range goes on behind them."""

    rows: tuple[Row, ...]
    has_more: bool


# Reads a chunk of one partition behind a sort key: the rows, and whether the partition goes on.
ReadChunk = Callable[[str, SortKey | None], Awaitable[tuple[list[Row], bool]]]


class _Partition:
    """The unread rest of one partition, fetched a chunk at a time."""

    def __init__(self, name: str, read: ReadChunk, after: SortKey | None) -> None:
        self._name, self._read, self._after = name, read, after
        self._rows: deque[Row] = deque()
        self._goes_on = True

    async def head(self) -> Row | None:
        while not self._rows and self._goes_on:
            rows, self._goes_on = await self._read(self._name, self._after)
            self._rows.extend(rows)
            if rows:
                self._after = rows[-1].sort
        return self._rows[0] if self._rows else None

    def pop(self) -> Row:
        return self._rows.popleft()


async def merge(query: RangeQuery, read: ReadChunk) -> Page:
    """Merge the partitions of a query into one page."""
    partitions = [_Partition(name, read, query.span.after) for name in query.partitions]
    try:
        async with asyncio.TaskGroup() as tasks:
            heads = [tasks.create_task(partition.head()) for partition in partitions]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    first_rows = ((i, head.result()) for i, head in enumerate(heads))
    heap = [(_Ordered(row.sort, query.span.descending), i) for i, row in first_rows if row is not None]
    heapq.heapify(heap)
    rows: list[Row] = []
    while heap and len(rows) < query.span.limit:
        _, i = heapq.heappop(heap)
        rows.append(partitions[i].pop())
        if (head := await partitions[i].head()) is not None:
            heapq.heappush(heap, (_Ordered(head.sort, query.span.descending), i))
    return Page(tuple(rows), has_more=bool(heap))


@dataclass(frozen=True, slots=True)
class _Ordered:
    """A sort key that sorts in the query's direction."""

    key: SortKey
    descending: bool

    def __lt__(self, other: "_Ordered") -> bool:
        return other.key < self.key if self.descending else self.key < other.key
