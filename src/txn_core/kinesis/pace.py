"""How fast one shard is sent to: Kinesis' limits to begin with, moved by what it accepts.

A token bucket over bytes and records that may go into debt for the last parcel. Acceptance while the bucket was the
brake raises the rate, a throttle lowers it: multiplied until the first throttle, which a local stream never sends,
and after that added to, as TCP does (AIMD). A shard that others write to as well is thus shared.
"""

from typing import Final

SHARD_RECORDS_PER_S: Final = 1_000.0
SHARD_BYTES_PER_S: Final = 1_000_000.0
PROBE: Final = 1.25  # a step up before the first throttle
RAISE_PER_S: Final = 0.1  # of the documented limits, after it
LOWER: Final = 0.7
LOWER_EVERY_S: Final = 1.0  # Kinesis counts by the second: a second's later throttles say the same again
SHARE_MIN: Final = 0.02  # of the documented limits: a shard is never given up
SHARE_MAX: Final = 64.0
BURST_S: Final = 1.0  # how much of unused rate may be made up for
DEBT_S_MAX: Final = 2.0
WAIT_S_MIN: Final = 0.001  # less is no wait: a timer for it costs more than it brings
# A parcel is a quarter of a second's worth: a slow shard takes small ones, the more easily the less room it has.
PARCEL_S: Final = 0.25
# Within bounds by the PUT payload unit of 25 KB: ten of them waste one in ten at most.
PARCEL_BYTES_MIN: Final = 25_000
PARCEL_BYTES_MAX: Final = 250_000


class Pace:
    """The pace of one shard. Times are the caller's monotonic seconds."""

    def __init__(self, now: float) -> None:
        self.share = 1.0  # of the documented limits
        self._bytes, self._records = SHARD_BYTES_PER_S * BURST_S, SHARD_RECORDS_PER_S * BURST_S
        self._filled_at = self._moved_at = now
        self._lowered_at: float | None = None
        self._braked = False

    @property
    def bytes_per_s(self) -> float:
        """The bytes a second that the shard is sent at most."""
        return SHARD_BYTES_PER_S * self.share

    @property
    def records_per_s(self) -> float:
        """The Kinesis records a second that the shard is sent at most."""
        return SHARD_RECORDS_PER_S * self.share

    @property
    def parcel_bytes_max(self) -> int:
        """How large the next parcel may be."""
        return max(PARCEL_BYTES_MIN, min(PARCEL_BYTES_MAX, int(self.bytes_per_s * PARCEL_S)))

    def wait_s(self, now: float) -> float:
        """How long the next parcel must wait; 0 when it may go."""
        self._fill(now)
        wait_s = max(-self._bytes / self.bytes_per_s, -self._records / self.records_per_s)
        if wait_s < WAIT_S_MIN:
            return 0.0
        self._braked = True
        return wait_s

    def spend(self, parcel_bytes: int, now: float) -> None:
        """One parcel of so many bytes goes."""
        self._fill(now)
        self._bytes = max(self._bytes - parcel_bytes, -self.bytes_per_s * DEBT_S_MAX)
        self._records -= 1

    def accepted(self, now: float) -> None:
        """The shard took a parcel; if it was held back, the next ones may come faster."""
        if not self._braked:
            return
        self._braked = False
        if self._lowered_at is None:
            raised = self.share * PROBE
        else:
            raised = self.share + RAISE_PER_S * min(1.0, now - self._moved_at)
        self.share, self._moved_at = min(SHARE_MAX, raised), now

    def throttled(self, now: float) -> None:
        """The shard refused a parcel for being too much: what was saved up is gone, and the rate falls."""
        self._bytes, self._records = min(self._bytes, 0.0), min(self._records, 0.0)
        if self._lowered_at is None or now - self._lowered_at >= LOWER_EVERY_S:
            self.share = max(SHARE_MIN, self.share * LOWER)
            self._lowered_at = self._moved_at = now

    def _fill(self, now: float) -> None:
        passed_s, self._filled_at = now - self._filled_at, now
        self._bytes = min(self.bytes_per_s * BURST_S, self._bytes + self.bytes_per_s * passed_s)
        self._records = min(self.records_per_s * BURST_S, self._records + self.records_per_s * passed_s)
