"""What the archive has read of a shard and not yet written: bounded, in order, and ripe for a flush when due."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

from txn_core.lake import Arrived
from txn_core.positions import Position
from txn_core.settings import Settings
from workers.ledger import together

Cause = Literal["rows", "bytes", "age", "memory"]

RECORD_BYTES: Final = 400  # what a record costs in memory beside its own bytes, about
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
        self._records: list[Arrived] = []
        self._bytes = 0
        self._oldest_s = self._newest_s = 0.0

    def __len__(self) -> int:
        return len(self._records)

    @property
    def first(self) -> Arrived | None:
        """The oldest record."""
        return self._records[0] if self._records else None

    @property
    def last(self) -> Arrived | None:
        """The youngest record."""
        return self._records[-1] if self._records else None

    def add(self, records: Sequence[Arrived], now_s: float) -> None:
        """Append records that were read at a monotonic time."""
        if not records:
            return
        if not self._records:
            self._oldest_s = now_s
        self._newest_s = now_s
        self._records += records
        self._count(records, 1)

    def due(self, now_s: float) -> Cause | None:
        """Why a flush is due, if it is."""
        if not self._records:
            return None
        if len(self._records) >= self._limits.rows:
            return "rows"
        if self._bytes >= self._limits.bytes:
            return "bytes"
        if now_s - self._oldest_s >= self._limits.age_s:
            return "age"
        return "memory" if self._total.exceeded else None

    def head(self) -> list[Arrived]:
        """What one flush takes: the longest beginning within the limits, and one record at least.

        No flush spans more than an hour of arrivals: that bounds its ledger, and says where in the lake to look.
        """
        taken_bytes = count = 0
        for record in islice(self._records, self._limits.rows):
            taken_bytes += len(record.data)
            if count and taken_bytes > self._limits.bytes:
                break
            count += 1
        return self._records[: together(self._records[:count])]

    def between(self, first: Position, last: Position) -> list[Arrived]:
        """The records of a range, both ends included."""
        low, high = first.within_shard(), last.within_shard()
        return [record for record in self._records if low <= record.position.within_shard() <= high]

    def up_to(self, last: Position) -> list[Arrived]:
        """The records up to a position."""
        count = bisect_right(self._records, last.within_shard(), key=lambda record: record.position.within_shard())
        return self._records[:count]

    def drop_to(self, last: Position) -> None:
        """Forget everything up to a position, which is durable."""
        count = len(self.up_to(last))
        self._count(self._records[:count], -1)
        del self._records[:count]
        self._oldest_s = self._newest_s  # what stays came with the latest read

    def clear(self) -> None:
        """Forget everything: the shard is another's now."""
        self._count(self._records, -1)
        self._records.clear()

    def _count(self, records: Iterable[Arrived], sign: int) -> None:
        sizes = [len(record.data) for record in records]
        self._bytes += sign * sum(sizes)
        self._total.add(sign * (sum(sizes) + RECORD_BYTES * len(sizes)))
