"""Whether the producer takes a record: bounded in bytes, in total and a lane, and in the time that it would wait."""

import math
from dataclasses import dataclass
from typing import Final

from txn_core.kinesis.lane import Lane

LANE_SHARE: Final = 0.5  # of the buffer: one bad shard cannot fill it
BULK_SHARE: Final = 0.5  # of every bound: the rest is left to single requests
BULK_WAIT_S_MAX: Final = 0.5
"""How long an upload's record may have to wait. Single requests queue up behind it, and less keeps a shard busy; the
rest of the upload waits in its own connection."""
BULK_ROUND_TRIPS: Final = 3.0  # where they are slow, so many keep a shard busy
RETRY_AFTER_S_MIN: Final = 1
RETRY_AFTER_S_MAX: Final = 30


@dataclass(frozen=True, slots=True)
class Admission:
    """The bounds, and the decision."""

    buffer_bytes_max: int
    deadline_s: float

    def refusal(self, held: int, lane: Lane, size: int, now: float, share: float = 1.0) -> int | None:
        """The seconds after which to come back, or none when a record of this size may be taken.

        `held` are the bytes in the complete buffer. `share` is the part of each bound that may be used up. A record
        with a share below 1 may not have to wait for long, either.
        """
        wait_s, bytes_max = lane.wait_s(now), self.buffer_bytes_max * share
        late_s = wait_s - self.deadline_s * share
        if share < 1.0 and wait_s > BULK_WAIT_S_MAX:
            late_s = max(late_s, wait_s - BULK_ROUND_TRIPS * lane.round_trip_s)
        if late_s <= 0 and held + size <= bytes_max and lane.bytes_held + size <= bytes_max * LANE_SHARE:
            return None
        return min(RETRY_AFTER_S_MAX, max(RETRY_AFTER_S_MIN, math.ceil(late_s)))
