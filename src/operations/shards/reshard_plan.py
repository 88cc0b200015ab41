"""Whether to double or halve a stream's shards: a pure function of what its shards took in.

During a reshard drains finish parents before children, and some records land on shards that their senders do not
know yet. So a reshard is proposed only when it is needed, at most once a cool-off, and at most as often a day as
Kinesis carries it out (UpdateShardCount: 10 times in 24 hours, to the double or the half at most).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from operations.cost.capacity import HEADROOM, SHARDS_MIN, shard_per_s, shards_for
from txn_core.positions import ShardId

RESHARDS_A_DAY_MAX: Final = 10
COOL_OFF: Final = timedelta(minutes=30)
DAY: Final = timedelta(days=1)
HALF_USED: Final = 0.8
"""Half of the shards must be enough with so much of them, so that what was halved is not doubled soon."""

Action = Literal["none", "double", "halve", "wait"]


@dataclass(frozen=True, slots=True)
class ShardPeak:
    """The busiest minute of an open shard, transactions a second."""

    shard_id: ShardId
    per_s: float


@dataclass(frozen=True, slots=True)
class StreamLoad:
    """What a stream took in.

    Attributes:
        since: from when on it was looked at.
        peak_per_s: transactions a second of the stream's busiest minute.
        shards: the open shards, at least one.
        reshards: when shards were split or merged within the last day.
        is_changing: whether that is going on just now.
        event_bytes: mean size of an event.
        readers: drains that poll the stream.
        scores: whether the scorer is one of the drains.
    """

    since: datetime
    peak_per_s: float
    shards: Sequence[ShardPeak]
    reshards: Sequence[datetime]
    is_changing: bool
    event_bytes: float
    readers: int
    scores: bool

    @property
    def hottest(self) -> ShardPeak:
        """The open shard with the busiest minute."""
        return max(self.shards, key=lambda shard: shard.per_s)


@dataclass(frozen=True, slots=True)
class ReshardPlan:
    """A proposal. `target` is the number of shards that it leads to, `needed` the number that the load asks for."""

    action: Action
    target: int
    needed: int
    why: str


def plan_of(load: StreamLoad, at: datetime, cool_off: timedelta = COOL_OFF) -> ReshardPlan:
    """What to do with a provisioned stream now."""
    wanted = _wanted(load, at)
    if wanted.action == "none" or (reason := _held_up(load, at, cool_off)) is None:
        return wanted
    return replace(wanted, action="wait", why=f"to {wanted.action}: {wanted.why}; not now: {reason}")


def _wanted(load: StreamLoad, at: datetime) -> ReshardPlan:
    count, hottest = len(load.shards), load.hottest
    needed = shards_for(load.peak_per_s, load.event_bytes, readers=load.readers, scores=load.scores)
    carried = shard_per_s(load.event_bytes, readers=load.readers, scores=load.scores)
    if needed > count:
        why = f"{_needs(needed)}, {HEADROOM:g} times what it fills"
        return ReshardPlan("double", 2 * count, needed, why)
    if hottest.per_s > carried:
        why = f"{hottest.shard_id} took {hottest.per_s:,.0f} transactions/s, and a shard carries {carried:,.0f}"
        return ReshardPlan("double", 2 * count, needed, why)
    half = count // 2
    if count % 2 or half < SHARDS_MIN or needed > half * HALF_USED:
        return ReshardPlan("none", count, needed, _needs(needed))
    if at - load.since < DAY:
        return ReshardPlan(
            "none", count, needed, "half as many might do, which only a whole day can show (--since 1d)"
        )
    return ReshardPlan("halve", half, needed, _needs(needed))


def _held_up(load: StreamLoad, at: datetime, cool_off: timedelta) -> str | None:
    """Why no reshard may begin now, or None."""
    today = [moment for moment in load.reshards if at - moment < DAY]
    if load.is_changing:
        return "the shards are being changed"
    if len(today) >= RESHARDS_A_DAY_MAX:
        return f"{len(today)} times in 24 hours is what Kinesis allows, the next at {min(today) + DAY:%H:%M}Z"
    if today and at - max(today) < cool_off:
        return f"the last change was at {max(today):%H:%M}Z, the next may begin at {max(today) + cool_off:%H:%M}Z"
    return None


def _needs(needed: int) -> str:
    return f"the busiest minute needs {needed} {'shard' if needed == 1 else 'shards'}"
