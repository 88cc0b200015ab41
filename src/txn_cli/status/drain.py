"""Every kind of worker at one moment, with what its process says of itself."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from fraud.registry.refused_model import RefusedModel
from operations.drains.shard_status import Drain, ShardStatus
from txn_cli.status.index_layout import IndexLayout
from txn_cli.status.process import ApiStatus, IngestStatus, ProcessReadiness, WarehouseStatus
from txn_core.kinesis.stream_limits import ReadLimit
from workers.leases.lease import WorkerName
from workers.rebuild.lake_progress import LakeCount


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

    `refused` is the model that is wanted for scores and would not be taken. `index` is how the index is laid out, if
    that can be read.
    """

    at: datetime
    workers: tuple[WorkerStatus, ...]
    api: ApiStatus | None = None
    ingest: IngestStatus | None = None
    warehouse: WarehouseStatus | None = None
    refused: RefusedModel | None = None
    index: IndexLayout | None = None

    @classmethod
    def now(
        cls,
        *workers: WorkerStatus,
        api: ApiStatus | None = None,
        ingest: IngestStatus | None = None,
        warehouse: WarehouseStatus | None = None,
        refused: RefusedModel | None = None,
        index: IndexLayout | None = None,
    ) -> "Status":
        """The status of this moment."""
        return cls(datetime.now(UTC), workers, api, ingest, warehouse, refused, index)

    @property
    def drained(self) -> bool:
        """Whether every worker has drained every shard."""
        return all(worker.drained for worker in self.workers)
