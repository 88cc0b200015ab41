"""What the archive has read of a shard and not yet written: bounded, in order, and ripe for a flush when due."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, islice, takewhile
from operator import sub
from typing import Final, Literal

from txn_core.kinesis.record_batch import RecordBatch, RecordRun, StreamRecord
from txn_core.positions import Position
from txn_core.settings import Settings
from workers.leases.ledger import prefix_within_span

Cause = Literal["rows", "bytes", "age", "memory"]

RECORD_BYTES: Final = 400  # what a record costs in memory beside its own bytes, at most
TOTAL_BYTES_MAX: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class FlushLimits:
    """When a flush is due, and how much one takes at most; at least one record."""

    rows: int
    bytes: int
    age_s: float

    @classmethod
    def of(cls, settings: Settings) -> "FlushLimits":
        """The limits of the settings."""
        return cls(settings.archive_flush_rows, settings.archive_flush_bytes, settings.archive_flush_age_s)


class BufferTotal:
    """The bytes that all buffers of a process hold together."""

    def __init__(self, bytes_max: int = TOTAL_BYTES_MAX) -> None:
        self._bytes, self._max = 0, bytes_max

    def add(self, change_bytes: int) -> None:
        """Count bytes in, or out when negative."""
        self._bytes += change_bytes

    @property
    def exceeded(self) -> bool:
        """Whether the buffers hold more than they may."""
        return self._bytes > self._max


class Buffer:
    """Records of one shard, in the order of the stream."""

    def __init__(self, limits: FlushLimits, total: BufferTotal) -> None:
        self._limits, self._total = limits, total
        self._runs: list[RecordRun] = []
        self._records = self._bytes = 0
        self._oldest_s = self._newest_s = 0.0

    def __len__(self) -> int:
        return self._records

    @property
    def first(self) -> StreamRecord | None:
        """The oldest record."""
        return self._runs[0].at(0) if self._runs else None

    @property
    def last(self) -> StreamRecord | None:
        """The youngest record."""
        return self._runs[-1].at(-1) if self._runs else None

    def add(self, records: Sequence[StreamRecord], now_s: float) -> None:
        """Append records that were read at a monotonic time."""
        if not records:
            return
        if not self._runs:
            self._oldest_s = now_s
        self._newest_s = now_s
        added = RecordBatch.of(records)
        self._runs += added.runs
        self._count(added, 1)

    def due(self, now_s: float) -> Cause | None:
        """Why a flush is due, if it is."""
        if not self._runs:
            return None
        if self._records >= self._limits.rows:
            return "rows"
        if self._bytes >= self._limits.bytes:
            return "bytes"
        if now_s - self._oldest_s >= self._limits.age_s:
            return "age"
        return "memory" if self._total.exceeded else None

    def head(self) -> RecordBatch:
        """What one flush takes: the longest beginning within the limits, and one record at least.

        No flush spans more than an hour of arrivals: that bounds its ledger, and says where in the lake to look.
        """
        kept = RecordBatch(self._runs)
        rows = min(self._records, self._limits.rows)
        if self._bytes > self._limits.bytes:
            sizes = accumulate(chain.from_iterable(map(sub, run.ends, run.begins) for run in self._runs))
            rows = sum(1 for _ in takewhile(lambda size: size <= self._limits.bytes, islice(sizes, rows)))
        return kept[: prefix_within_span(kept[: max(rows, 1)])]

    def between(self, first: Position, last: Position) -> RecordBatch:
        """The records of a range, both ends included."""
        kept = RecordBatch(self._runs)
        return kept[_count_to(kept, first, bisect_left) : _count_to(kept, last, bisect_right)]

    def up_to(self, last: Position) -> RecordBatch:
        """The records up to a position."""
        kept = RecordBatch(self._runs)
        return kept[: _count_to(kept, last, bisect_right)]

    def drop_to(self, last: Position) -> None:
        """Forget everything up to a position, which is durable."""
        kept = RecordBatch(self._runs)
        count = _count_to(kept, last, bisect_right)
        self._count(kept[:count], -1)
        self._runs = list(kept[count:].runs)
        self._oldest_s = self._newest_s  # what stays came with the latest read

    def clear(self) -> None:
        """Forget everything: the shard is another's now."""
        self._count(RecordBatch(self._runs), -1)
        self._runs = []

    def _count(self, records: RecordBatch, sign: int) -> None:
        size = sum(run.event_bytes for run in records.runs)
        self._records += sign * len(records)
        self._bytes += sign * size
        self._total.add(sign * (size + RECORD_BYTES * len(records)))


def _count_to(records: RecordBatch, place: Position, bisect: Callable[..., int]) -> int:
    """How many records stand before a place, or up to it, as the bisection sees what is equal."""
    return bisect(records, place.within_shard(), key=lambda record: record.position.within_shard())
