"""How often and how much of a shard one reader that polls it reads: its share of what all who poll may together.

Readers do not know of each other. Each keeps to its share (`budget.py`) while anybody is throttled, so that all fall
behind alike when the shard gives less than they want. Who has a backlog, and was not throttled for many reads, takes
more step by step, which is what others leave; a throttle takes most of it back. A throttle within the share says that
somebody else reads, too, and lowers it.
"""

from typing import Final

from txn_core.kinesis.stream_limits import ReadLimit
from workers.reading.budget import BYTES_PER_S_MAX, ReadShare

# Found by simulations of three readers with backlogs on one shard, and of a lone one (ADR 37).
QUIET_READS: Final = 60  # without a throttle, before more than the share is tried
QUIET_READS_FIRST: Final = 10  # at first: a local stream never throttles
GROW: Final = 1.1  # a step above the share
SHRINK: Final = 0.7  # of what was above the share, at a throttle
LOWER: Final = 0.9  # of what is within the share, at a throttle
RAISE: Final = 0.1  # of the share, back up to it
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
        self._quiet_reads = QUIET_READS - QUIET_READS_FIRST  # since the last throttle
        self._throttled = False
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
        if self._throttled and self._quiet_reads < THROTTLE_REMEMBERED:
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
        self._throttled, self._quiet_reads = True, 0
        self._part = max(1.0, self._part * SHRINK) if self._part > 1.0 else max(PART_MIN, self._part * LOWER)
        return self.spacing_s

    def _raise(self, *, braked: bool) -> None:
        self._braked = braked
        self._quiet_reads += 1
        if self._part < 1.0:
            self._part = min(1.0, self._part + RAISE)
        elif braked and self._quiet_reads >= QUIET_READS:
            self._part = min(self._part_max, self._part * GROW)
