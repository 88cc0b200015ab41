"""The limits of a shard, as token buckets over a clock that is handed in: they decide and never wait.

A bucket holds one second's worth. Something larger than that passes when the bucket is full and leaves a debt, as
a read of 10 MB does on AWS, after which the shard gives nothing for 5 seconds.
"""

from dataclasses import dataclass, field
from typing import Final

# Kinesis Data Streams quotas, each of one shard.
RECORDS_IN_PER_S: Final = 1_000
BYTES_IN_PER_S: Final = 1 << 20
READS_PER_S: Final = 5
BYTES_OUT_PER_S: Final = 2 << 20


@dataclass(slots=True)
class Bucket:
    """Tokens that come back at a rate, up to one second's worth; full at first."""

    per_s: float
    _used: float = 0.0  # what is missing from full
    _at: float = 0.0

    def admits(self, amount: float, now: float, scale: float) -> bool:
        """Whether so many tokens may be taken now."""
        capacity = self.per_s * scale
        self._used = max(0.0, self._used - (now - self._at) * capacity)
        self._at = now
        return scale > 0 and capacity - self._used >= min(amount, capacity)

    def take(self, amount: float) -> None:
        """Take tokens, into debt if need be."""
        self._used += amount


@dataclass(slots=True)
class ShardMeter:
    """What one shard has taken in and given out."""

    _records_in: Bucket = field(default_factory=lambda: Bucket(RECORDS_IN_PER_S))
    _bytes_in: Bucket = field(default_factory=lambda: Bucket(BYTES_IN_PER_S))
    _reads: Bucket = field(default_factory=lambda: Bucket(READS_PER_S))
    _bytes_out: Bucket = field(default_factory=lambda: Bucket(BYTES_OUT_PER_S))

    def admit_write(self, size: int, now: float, scale: float) -> bool:
        """Take a record in, if it fits; a refused one uses nothing up."""
        if not (self._records_in.admits(1, now, scale) and self._bytes_in.admits(size, now, scale)):
            return False
        self._records_in.take(1)
        self._bytes_in.take(size)
        return True

    def admit_read(self, now: float, scale: float) -> bool:
        """Begin a read, if one is left and what was read before is paid off."""
        if not (self._reads.admits(1, now, scale) and self._bytes_out.admits(1, now, scale)):
            return False
        self._reads.take(1)
        return True

    def charge_read(self, size: int) -> None:
        """Say how large the read came out."""
        self._bytes_out.take(size)


@dataclass(slots=True)
class Limits:
    """Which limits are in force: those of AWS times a scale, on all shards or on some."""

    enabled: bool = False
    scale: float = 1.0
    _writes: dict[str, float] = field(default_factory=dict)
    _reads: dict[str, float] = field(default_factory=dict)

    def throttle(self, shard_id: str, *, writes: float | None = None, reads: float | None = None) -> None:
        """Limit one shard to parts of what AWS allows, 0 being nothing, whether limits are enabled or not."""
        if writes is not None:
            self._writes[shard_id] = writes
        if reads is not None:
            self._reads[shard_id] = reads

    def release(self, shard_id: str) -> None:
        """Treat a throttled shard as all others again."""
        self._writes.pop(shard_id, None)
        self._reads.pop(shard_id, None)

    def clear(self) -> None:
        """Limit nothing any more."""
        self.enabled, self.scale = False, 1.0
        self._writes.clear()
        self._reads.clear()

    def write_scale(self, shard_id: str) -> float | None:
        """The scale of what the shard takes in; None is no limit."""
        return self._writes.get(shard_id, self.scale if self.enabled else None)

    def read_scale(self, shard_id: str) -> float | None:
        """The scale of what the shard gives out; None is no limit."""
        return self._reads.get(shard_id, self.scale if self.enabled else None)
