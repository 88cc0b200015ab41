"""Whether a shard is drained: decided from its lease's checkpoint and from what the stream holds behind it."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from fraud.registry.refused_model import RefusedModel
from txn_cli.status.process import ApiStatus, IngestStatus, ProcessReadiness, WarehouseStatus
from txn_core.kinesis.stream_limits import ReadLimit
from txn_core.positions import ShardId
from workers.leases.lease import Checkpoint, Lease, WorkerName
from workers.rebuild.lake_progress import LakeCount


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


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """One kind of worker over all shards; `counts` are what its process says it did, by name, and `ready` is what it
    says of itself, if it can be asked. `lake` is how much of the lake is read, for an index that is built from it.
    `amiss` says in words that the leases belong to another stream, and is empty when they do not. `polling` are the
    drains that poll its stream, this one perhaps among them. `refused` is what is wanted of it and refused by it.
    """

    kind: str
    shards: tuple[ShardStatus, ...]
    counts: dict[str, float]
    lake: LakeCount | None = None
    ready: ProcessReadiness | None = None
    amiss: str = ""
    polling: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def held_up(self) -> Counter[ReadLimit]:
        """How many shards each limit of their reads holds it up on; of those that are done, none.

        Where Kinesis throttles reads, it may throttle ours, too, and then nothing else is known of a shard.
        """
        return Counter(s.limit for s in self.shards if s.drain is not Drain.DRAINED and s.limit is not None)

    @property
    def drained(self) -> bool:
        """Whether every shard is done up to its tip, and the lake is, where it is read."""
        return (
            not self.amiss
            and all(shard.drain is Drain.DRAINED for shard in self.shards)
            and (self.lake is None or self.lake.complete)
        )

    def lag_s(self, at: datetime) -> float:
        """The longest lag of its shards, seconds."""
        return max((shard.lag_s(at) for shard in self.shards), default=0.0)

    @property
    def leases(self) -> Counter[WorkerName]:
        """How many leases each process of the kind has, by its owner name."""
        return Counter(s.lease.owner for s in self.shards if s.lease is not None and s.lease.owner is not None)


@dataclass(frozen=True, slots=True)
class Status:
    """Every kind of worker at one moment, and the other processes, as far as there are some that can be asked.

    `refused` is the model that is wanted for scores and would not be taken.
    """

    at: datetime
    workers: tuple[WorkerStatus, ...]
    api: ApiStatus | None = None
    ingest: IngestStatus | None = None
    warehouse: WarehouseStatus | None = None
    refused: RefusedModel | None = None

    @classmethod
    def now(
        cls,
        *workers: WorkerStatus,
        api: ApiStatus | None = None,
        ingest: IngestStatus | None = None,
        warehouse: WarehouseStatus | None = None,
        refused: RefusedModel | None = None,
    ) -> "Status":
        """The status of this moment."""
        return cls(datetime.now(UTC), workers, api, ingest, warehouse, refused)

    @property
    def drained(self) -> bool:
        """Whether every worker has drained every shard."""
        return all(worker.drained for worker in self.workers)
