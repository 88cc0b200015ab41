"""Whether a shard is drained: decided from its lease's checkpoint and from what the stream holds behind it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from txn_core.kinesis.stream_limits import ReadLimit
from txn_core.positions import ShardId
from workers.leases.lease import Checkpoint, Lease


class Drain(StrEnum):
    """How far a shard is done."""

    DRAINED = "drained"
    BEHIND = "behind"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Rest:
    """What the stream holds behind a checkpoint, as far as it was read.

    Attributes:
        unread: how many records of producers were seen.
        more: whether there may be more of them.
        oldest: when the first of them arrived.
        closed: the shard was split or merged, and nothing more comes.
        to_the_tip: reading came to the end of what is there.
    """

    unread: int = 0
    more: bool = False
    oldest: datetime | None = None
    closed: bool = False
    to_the_tip: bool = True


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """One shard for one kind of worker. `lease` is none when no worker has seen the shard; `rest` when the stream
    could not be read just now, or need not be. A `foreign` lease belongs to another stream, and tells nothing.
    `limit` is what holds up the worker's reads, by its own account.
    """

    shard_id: ShardId
    lease: Lease | None
    rest: Rest | None
    foreign: bool = False
    limit: ReadLimit | None = None

    @property
    def checkpoint(self) -> Checkpoint:
        """How far the lease says that the shard is done; a shard without one is to be read from its beginning."""
        return Checkpoint() if self.lease is None else self.lease.checkpoint

    @property
    def drain(self) -> Drain:
        """The decision. What is unread makes it; a closed shard is done only once its end is checkpointed, since
        its children wait for that.
        """
        if self.foreign:
            return Drain.UNKNOWN
        if self.checkpoint.shard_ended:
            return Drain.DRAINED
        if self.rest is None:
            return Drain.UNKNOWN
        if self.rest.unread or self.rest.closed:
            return Drain.BEHIND
        return Drain.DRAINED if self.rest.to_the_tip else Drain.UNKNOWN

    def lag_s(self, at: datetime) -> float:
        """The age of the oldest record that is not done, seconds; 0 when none is known."""
        oldest = None if self.rest is None else self.rest.oldest
        return 0.0 if oldest is None else max(0.0, (at - oldest).total_seconds())
