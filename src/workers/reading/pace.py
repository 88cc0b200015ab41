"""How often and how much of a shard one reader reads: its part of what all who read the shard may together.

Kinesis gives a shard 5 reads and 2 MB a second, over all its readers: two kinds of workers, `txn status`, and whoever
else. Readers do not know of each other, so each keeps to a part, and a throttle says when that is too much or others
are greedy. Bytes start at half of the limit and follow what the shard gives: raised while they are the brake and
nothing throttles, lowered by a throttle (AIMD, as the producer's pace), so that a backlog may use what others leave.
"""

from typing import Final

READS_PER_S_MAX: Final = 5.0  # Kinesis Data Streams quotas, of one shard
BYTES_PER_S_MAX: Final = float(2 << 20)
BYTES_PART: Final = 0.5  # of the quota, at first: two kinds of workers read each shard
PROBE: Final = 1.25  # a step up before the first throttle, which a local stream never sends
RAISE: Final = 0.1  # of the part, after it
LOWER: Final = 0.7
PART_MIN: Final = 0.1
PART_MAX: Final = 4.0  # twice what AWS gives, for a stream without its limits
IDLE_GROWTH: Final = 1.5


class ReadPace:
    """The pace of one reader of one shard: the pause that is due after each read, in seconds."""

    def __init__(self, *, reads_per_s: float, idle_s_max: float) -> None:
        self._spacing_s, self._idle_s_max = 1.0 / reads_per_s, idle_s_max
        self._part = 1.0  # of what is this reader's by the limits
        self._throttled = False
        self._idle_s = 0.0

    @property
    def spacing_s(self) -> float:
        """From one read's beginning to the next one's, at least."""
        return self._spacing_s / min(1.0, self._part)

    @property
    def bytes_per_s(self) -> float:
        """The bytes a second that are read at most."""
        return BYTES_PER_S_MAX * BYTES_PART * self._part

    def after_read(self, size_bytes: int) -> float:
        """The pause from a read's beginning, when it gave records of so many bytes or there are more behind it."""
        self._idle_s = 0.0
        owed_s = size_bytes / self.bytes_per_s
        pause_s = max(self.spacing_s, owed_s)
        self._raise(braked=owed_s >= self.spacing_s)
        return pause_s

    def after_nothing(self) -> float:
        """The pause from an empty read's beginning at the tip: longer after each, up to a bound."""
        self._raise(braked=False)
        spacing_s = self.spacing_s
        self._idle_s = max(spacing_s, min(self._idle_s_max, max(self._idle_s, spacing_s) * IDLE_GROWTH))
        return self._idle_s

    def after_throttle(self) -> float:
        """The pause from a read's beginning that was refused as too much."""
        self._throttled = True
        self._part = max(PART_MIN, self._part * LOWER)
        return self.spacing_s

    def _raise(self, *, braked: bool) -> None:
        step = self._part * (PROBE - 1.0) if not self._throttled else RAISE
        self._part = min(PART_MAX if braked else max(1.0, self._part), self._part + step)
