"""Reading a range of transactions: which partitions, between which times, in which order, from where on.

A merchant's transactions are spread over write shards and a card's over key versions, so one range may lie in
several partitions; `merge` puts them back into one order. It asks each partition for its share of a page, and again
only where one has more than its share: what it holds is about a page, however long the range is.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from itertools import chain
from operator import itemgetter
from typing import Final, NamedTuple, NewType

from txn_core.transactions.instants import Instant

SortKey = NewType("SortKey", str)  # occurred_at#transaction_id

EARLIEST_BOUND = "0"
LATEST_BOUND = "~"
CHUNK_SLACK = 8  # rows beyond a fair share: partitions are never quite even
GROWTH = 2  # a partition that had more than its share, or gave rows that are over, is asked for so many times as much
ROWS_MAX = 1000  # of one read that passes over rows that are over; the largest page has as many


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
    """A span of the partitions of one index whose hash key is `key`.

    `subject` is whose range it is: the same for as long as it is read, also while partitions are added.
    """

    index: str
    key: str
    subject: str
    partitions: tuple[str, ...]
    span: Span

    def behind(self, after: SortKey | None) -> "RangeQuery":
        """The same range, going on behind a sort key."""
        return replace(self, span=replace(self.span, after=after))

    @property
    def chunk(self) -> int:
        """Rows that one partition is asked for at first: its fair share of a page and one, and some slack."""
        fair = -(-(self.span.limit + 1) // len(self.partitions))
        return fair + (CHUNK_SLACK if len(self.partitions) > 1 else 0)


READS_MAX: Final = 128
"""Of one page, behind the first of each partition. Many are needed where rows are over that DynamoDB still has."""


class Row(NamedTuple):
    """One transaction as the index holds it."""

    sort: SortKey
    event: str
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a range in order, and behind which sort key the range goes on, if it does.

    There are fewer rows than asked for where the range ends, and where `READS_MAX` came to no more.
    """

    rows: tuple[Row, ...]
    goes_on_behind: SortKey | None = None

    @property
    def has_more(self) -> bool:
        """Whether the range goes on."""
        return self.goes_on_behind is not None


class Chunk(NamedTuple):
    """What one read of a partition gave: its rows, and behind which sort key it may go on, if it may."""

    rows: list[Row]
    goes_on_behind: SortKey | None


# Reads so many rows of one partition behind a sort key; there may be fewer, even none, and yet more behind them.
ReadChunk = Callable[[str, SortKey | None, int], Awaitable[Chunk]]


class _Partition:
    """What was read of one partition, and behind which sort key the rest begins; None once all is read."""

    def __init__(self, name: str, after: SortKey | None) -> None:
        self._name, self._asked, self._given = name, 0, 0
        self.rows: list[Row] = []
        self.rest = after

    async def read_on(self, read: ReadChunk, rows_max: int) -> None:
        """Read the next rows: so many at most, and no more than twice as many as last time.

        Where less than half of what was asked for came, most rows are over: twice as many as last time are read.
        """
        grown = GROWTH * self._asked
        if GROWTH * self._given < self._asked:
            rows_max = max(rows_max, min(grown, ROWS_MAX))
        self._asked = min(rows_max, grown) if grown else rows_max
        rows, self.rest = await read(self._name, self.rest, self._asked)
        self._given = len(rows)
        self.rows += rows


async def merge(query: RangeQuery, read: ReadChunk) -> Page:
    """Merge the partitions of a query into one page."""
    limit, descending = query.span.limit, query.span.descending
    partitions = [_Partition(name, query.span.after) for name in query.partitions]
    try:
        async with asyncio.TaskGroup() as tasks:
            for partition in partitions:
                tasks.create_task(partition.read_on(read, query.chunk))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    reads = 0
    while True:
        rows = sorted(chain.from_iterable(partition.rows for partition in partitions), reverse=descending)
        unread = [(partition.rest, partition) for partition in partitions if partition.rest is not None]
        if not unread:
            break
        edge, nearest = (max if descending else min)(unread, key=itemgetter(0))
        # Rows beyond may yet be preceded by some that were not read.
        rows = [row for row in rows if (row.sort >= edge if descending else row.sort <= edge)]
        if len(rows) > limit:
            break
        if reads == READS_MAX:
            return Page(tuple(rows), edge)
        reads += 1
        await nearest.read_on(read, limit + 1 - len(rows))
    return Page(tuple(rows[:limit]), rows[limit - 1].sort if len(rows) > limit else None)
