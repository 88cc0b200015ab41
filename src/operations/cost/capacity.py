"""How much of everything a load needs: shards, tasks, write units, and what the leases take.

Rates of processes are those of docs/benchmarks.md, a second of one CPU core. A core of Graviton is taken for one of
those; whoever knows better, measures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

from operations.cost.dynamodb_units import SCORE_WRITE_UNITS, index_write_units, scan_units, write_units
from operations.cost.stream_units import StreamUnits, stream_units
from operations.cost.workload import Workload
from txn_core.drains import ARCHIVE, INDEX, SCORE
from workers.leases.ownership import PAUSES_MAX, SCANNERS
from workers.reading.budget import DRAINS_READS_PER_S

API: Final = "api"
SHARD_BYTES_IN_PER_S: Final = 1_000_000
SHARD_BYTES_OUT_PER_S: Final = 2_000_000
SHARDS_MIN: Final = 4  # parameter `Shards`, and what an on-demand stream begins with
HEADROOM: Final = 1.6
"""Shards are for the peak and for uneven cards: so many times what the mean needs."""

LEASE_RENEW_S: Final = 2.0  # TXN_LEASE_RENEW_S
FLUSH_S: Final = 10.0  # TXN_ARCHIVE_FLUSH_AGE_S and TXN_SCORE_FLUSH_S
FLUSH_ROWS: Final = 50_000  # TXN_ARCHIVE_FLUSH_ROWS
CHECKPOINTS_PER_S_MAX: Final = 2.0  # of the index, which checkpoints behind each read that reaches the tip
LEDGER_S: Final = 60.0  # a minute of a ledger leaves its lease row by a write of its own


@dataclass(frozen=True, slots=True)
class TaskSize:
    """One task of a service, and what it does.

    Attributes:
        vcpu: cores.
        memory_gb: memory, GB.
        tasks_min: how many run at least.
        per_core_s: transactions a second of a whole core.
        cpu_share: how much of its cores is to be used at most.
    """

    vcpu: float
    memory_gb: float
    tasks_min: int
    per_core_s: float
    cpu_share: float

    @property
    def per_s(self) -> float:
        """Transactions a second of one task; a process uses one core at most."""
        return self.per_core_s * min(1.0, self.vcpu) * self.cpu_share


TASKS: Final[Mapping[str, TaskSize]] = {
    API: TaskSize(1.0, 2.0, 3, 7_000.0, 0.5),
    INDEX.name: TaskSize(1.0, 2.0, 1, 1_600.0, 0.6),
    ARCHIVE.name: TaskSize(1.0, 4.0, 1, 20_000.0, 0.6),
    SCORE.name: TaskSize(1.0, 4.0, 1, 3_600.0, 0.6),
}
"""By the name of the service, as the stack of services deploys them; one process a task."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a load needs. Units are those of DynamoDB, a second."""

    shards: int
    tasks: Mapping[str, int]
    stream: StreamUnits
    table_write_units: float
    index_write_units: float
    score_write_units: float
    lease_write_units: float
    objects: float

    @property
    def lease_read_units(self) -> float:
        """What all workers read of all lease tables."""
        return sum(map(self.lease_reads_of, self.tasks))

    def lease_reads_of(self, drain: str) -> float:
        """What the workers of a drain read of its lease table, which a scan reads whole."""
        return 0.0 if drain == API else scans_per_s(self.tasks[drain]) * scan_units(self.shards)

    @property
    def vcpu(self) -> float:
        """The cores of all tasks."""
        return sum(TASKS[name].vcpu * count for name, count in self.tasks.items())

    @property
    def memory_gb(self) -> float:
        """The memory of all tasks."""
        return sum(TASKS[name].memory_gb * count for name, count in self.tasks.items())


def capacity_of(workload: Workload) -> Capacity:
    """What a load needs; every part grows with the rate or stays."""
    needed = shards_for(workload.rate, workload.event_bytes, readers=len(workload.drains), scores=workload.scores)
    shards = max(SHARDS_MIN, needed)
    tasks = {name: _tasks(name, workload, shards) for name in (API, *workload.drains)}
    return Capacity(
        shards=shards,
        tasks=tasks,
        stream=stream_units(workload.rate, workload.event_bytes, shards=shards, processes=tasks[API]),
        table_write_units=workload.rate * write_units(workload.item_bytes),
        index_write_units=workload.rate * units_of_index(workload),
        score_write_units=workload.rate * SCORE_WRITE_UNITS if workload.scores else 0.0,
        lease_write_units=shards
        * sum(_lease_writes(name, workload.rate / shards, workload) for name in workload.drains),
        objects=shards * objects_of_shard(workload.rate / shards) * (2 if workload.scores else 1),
    )


def shards_for(rate: float, event_bytes: float, *, readers: int, scores: bool = False) -> int:
    """The shards that such a rate needs, with headroom; one at least."""
    return max(1, ceil(HEADROOM * rate / shard_per_s(event_bytes, readers=readers, scores=scores)))


def shard_per_s(event_bytes: float, *, readers: int, scores: bool = False) -> float:
    """The transactions a second that one shard carries, whichever of its limits is reached first.

    One process of each drain reads a shard, however many there are: the slowest drain is a limit, too. So many
    `readers` poll it.
    """
    slowest = min(TASKS[name].per_core_s for name in (INDEX.name, ARCHIVE.name, *((SCORE.name,) if scores else ())))
    limits = [SHARD_BYTES_IN_PER_S / event_bytes, slowest]
    if readers:
        limits.append(SHARD_BYTES_OUT_PER_S / (readers * event_bytes))
    return min(limits)


def scans_per_s(workers: int) -> float:
    """The scans of a lease table by so many workers: a few scan at each renewal, all others seldom."""
    others = max(0, workers - SCANNERS)
    pauses = max(1, min(PAUSES_MAX, workers // SCANNERS))
    return (min(workers, SCANNERS) + others / pauses) / LEASE_RENEW_S


def units_of_index(workload: Workload) -> int:
    """Write units of one transaction's write to the index."""
    if not workload.key_only_indexes:
        return index_write_units(workload.item_bytes)
    return write_units(workload.item_bytes) + index_write_units(0) - write_units(0)


def objects_of_shard(rate: float) -> float:
    """Objects a second that a drain writes of a shard with such a rate: one a flush, or none without transactions."""
    return max(min(rate, 1 / FLUSH_S), rate / FLUSH_ROWS)


def _tasks(name: str, workload: Workload, shards: int) -> int:
    size = TASKS[name]
    wanted = max(size.tasks_min, ceil(workload.rate / size.per_s))
    return wanted if name == API else min(wanted, shards)


def _lease_writes(drain: str, rate: float, workload: Workload) -> float:
    """Writes a second to a shard's lease row and ledger: renewals, checkpoints or plans, and minutes that leave."""
    if drain == INDEX.name:
        reads = min(CHECKPOINTS_PER_S_MAX, DRAINS_READS_PER_S / len(workload.drains))
        moves = min(rate, reads)
    else:
        moves = 2 * objects_of_shard(rate)  # the plan, then the checkpoint
    return 1 / LEASE_RENEW_S + moves + min(rate, 1 / LEDGER_S)
