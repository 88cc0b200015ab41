"""A lane: records that must stay in order, of which one Kinesis record at most is under way.

PutRecords goes on with later records after one has failed, so order holds only while a lane's previous record is
settled before its next one is sent. With aggregation a lane is a shard and what waits in it travels as one parcel;
without, a lane is a partition key and a parcel holds one record.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from txn_core.figures.fading_rate import FadingRate
from txn_core.kinesis.landing import Attempt, DeliverySink
from txn_core.kinesis.pace import Pace

SLOW_S: Final = 1.0  # an answer that takes longer keeps a shard apart from the others
ROUND_TRIP_WEIGHT: Final = 0.2


class State(Enum):
    """Where a record is on its way."""

    QUEUED = auto()
    IN_FLIGHT = auto()
    SETTLED = auto()


# An enumeration's member costs more to look up than all that is done with it here.
QUEUED, IN_FLIGHT, SETTLED = State


@dataclass(slots=True, eq=False)
class Pending:
    """A record on its way, and whoever waits for it."""

    partition_key: str
    data: bytes
    size: int  # bytes of key and data, which count against Kinesis' limits and ours
    deadline: float  # the event loop's clock, seconds
    answer: DeliverySink
    lane: "Lane"
    state: State = QUEUED
    ambiguous: bool = False  # some attempt may have been stored
    failures: tuple[Attempt, ...] = ()


@dataclass(slots=True, eq=False)
class Lane:
    """What waits for one shard or card, and how that fared lately."""

    name: str
    pace: Pace | None = None  # of a shard; a card has none
    queue: deque[Pending] = field(default_factory=deque)  # its first record is never a settled one
    bytes_held: int = 0  # of all its records that are not settled
    closed: bool = False  # its parcel is under way, or it pauses
    reopening: asyncio.TimerHandle | None = None
    suspect: bool = False  # its parcels travel apart, so that they delay no others
    failures: int = 0  # attempts in a row
    failing_since: float | None = None
    sent_at: float | None = None  # of the parcel that is under way
    throttles: int = 0
    round_trip_s: float = 0.0
    load: FadingRate = field(default_factory=FadingRate)  # bytes a second that landed
    _s_a_byte: float = field(default=0.0, init=False)  # of what is ahead of a record, by the lane's parcels and pace

    def __post_init__(self) -> None:
        if self.pace is not None:
            self._foresee(self.pace)

    @property
    def parcel_bytes_max(self) -> int:
        """How large a parcel of several records may be; a card's records travel each by itself."""
        return 0 if self.pace is None else self.pace.parcel_bytes_max

    def wait_s(self, now: float) -> float:
        """How long a record that comes now will wait, by what is ahead of it and how that fares.

        A lane that fails, or whose parcel is under way, is expected to go on so for as long as it has; one that
        holds nothing waits for nothing, so that there is always a record by which the end of the trouble shows.
        """
        if not self.bytes_held:
            return 0.0
        if self.pace is None:
            wait_s = (len(self.queue) + 1) * self.round_trip_s
        else:
            wait_s = max(self.round_trip_s, self.bytes_held * self._s_a_byte)
        since = self.sent_at if self.failing_since is None else self.failing_since
        return wait_s if since is None else wait_s + now - since

    def sent(self, now: float) -> None:
        """A parcel is under way."""
        self.sent_at = now

    def succeeded(self, now: float, took_s: float) -> None:
        """A parcel landed."""
        self._took(took_s)
        self.failures, self.failing_since, self.sent_at = 0, None, None
        self.suspect = took_s > SLOW_S and self.pace is not None
        if self.pace is not None:
            self.pace.accepted(now)
            self._foresee(self.pace)

    def failed(self, now: float, took_s: float, *, throttled: bool, apart: bool) -> None:
        """An attempt failed; `apart` when the fault may have been another lane's in the same request."""
        self._took(took_s)
        self.failures, self.sent_at = self.failures + 1, None
        if self.failing_since is None:
            self.failing_since = now - took_s
        # Cards of a troubled shard would be too many to send each alone.
        self.suspect |= apart or self.pace is not None
        if throttled:
            self.throttles += 1
            if self.pace is not None:
                self.pace.throttled(now)
        if self.pace is not None:
            self._foresee(self.pace)

    def _foresee(self, pace: Pace) -> None:
        self._s_a_byte = max(self.round_trip_s / pace.parcel_bytes_max, 1 / pace.bytes_per_s)

    def _took(self, seconds: float) -> None:
        self.round_trip_s += (seconds - self.round_trip_s) * ROUND_TRIP_WEIGHT


@dataclass(frozen=True, slots=True)
class Parcel:
    """Records of one lane that travel as one Kinesis record, and the bytes that it takes at most."""

    lane: Lane
    records: tuple[Pending, ...]
    size: int
