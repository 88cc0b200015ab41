"""How often and how much of a shard one reader that polls it reads: its share of what all who poll may together.

Readers do not know of each other, so each keeps to its share (`budget.py`), and a throttle says when that is too much
or others are greedy. The share follows what the shard gives: raised while its bytes are the brake and nothing
throttles, lowered by a throttle (AIMD, as the producer's pace), so that a backlog may use what others leave.
"""

from typing import Final

from workers.reading.budget import BYTES_PER_S_MAX, ReadShare
from workers.reading.read_limits import ReadLimit

PROBE: Final = 1.25  # a step up before the first throttle, which a local stream never sends
RAISE: Final = 0.1  # of the share, after it
LOWER: Final = 0.7
PART_MIN: Final = 0.1
BYTES_PER_S_TOP: Final = 2 * BYTES_PER_S_MAX  # for a stream without the limits of AWS
IDLE_GROWTH: Final = 1.5
THROTTLE_REMEMBERED: Final = 20  # reads


class ReadPace:
    """The pace of one reader of one shard: the pause that is due after each read, in seconds."""

    def __init__(self, share: ReadShare, *, idle_s_max: float) -> None:
        self._share, self._idle_s_max = share, idle_s_max
        self._part = 1.0  # of the share
        self._part_max = BYTES_PER_S_TOP / share.bytes_per_s
        self._throttled = False
        self._reads_since_throttle = THROTTLE_REMEMBERED
        self._braked = False
        self._idle_s = 0.0

    @property
    def spacing_s(self) -> float:
        """From one read's beginning to the next one's, at least."""
        return 1.0 / (self._share.reads_per_s * min(1.0, self._part))

    @property
    def bytes_per_s(self) -> float:
        """The bytes a second that are read at most."""
        return self._share.bytes_per_s * self._part

    @property
    def limit(self) -> ReadLimit | None:
        """What holds the reader up, by its latest reads, if anything does.

        A throttle counts for some reads after it, since few are refused.
        """
        if self._reads_since_throttle < THROTTLE_REMEMBERED:
            return "throttled"
        return "bytes" if self._braked else None

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
        self._throttled, self._reads_since_throttle = True, 0
        self._part = max(PART_MIN, self._part * LOWER)
        return self.spacing_s

    def _raise(self, *, braked: bool) -> None:
        self._braked = braked
        self._reads_since_throttle += 1
        step = self._part * (PROBE - 1.0) if not self._throttled else RAISE
        self._part = min(self._part_max if braked else max(1.0, self._part), self._part + step)
