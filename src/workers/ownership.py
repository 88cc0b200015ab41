"""Who should drain which shard: decided from the lease rows alone, so that it is tested without a table.

A lease expires when its counter stands still for the failover time by the watcher's own monotonic clock. Only the
time between scans that follow each other closely counts: a machine that slept must not find every lease expired.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from txn_core.positions import ShardId
from workers.leases import Lease, WorkerName
from workers.shards import may_start

T = TypeVar("T")


class Dice(Protocol):
    """What keeps many workers from reaching for the same lease; `random.Random` is one."""

    def sample(self, population: Sequence[T], k: int) -> list[T]:
        """So many of the population, in random order."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A row's counter and for how long it is known to have stood still, in seconds."""

    owner: WorkerName | None
    counter: int
    still_s: float


@dataclass(frozen=True, slots=True)
class Watch:
    """What a worker has seen of all rows in its scans so far."""

    covered_s_max: float
    """The longest pause between two scans that counts in full; of a longer one, only so much."""
    scanned_s: float | None = None
    sightings: Mapping[ShardId, Sighting] = field(default_factory=dict)

    def observed(self, rows: Iterable[Lease], *, began_s: float, ended_s: float) -> "Watch":
        """The watch after a scan, by monotonic seconds.

        A row seen unchanged stood still at least from the end of the last scan to the beginning of this one.
        """
        pause_s = 0.0 if self.scanned_s is None else max(0.0, began_s - self.scanned_s)
        covered_s = min(pause_s, self.covered_s_max)
        return Watch(self.covered_s_max, ended_s, {row.shard_id: self._sighting(row, covered_s) for row in rows})

    def expired(self, failover_s: float) -> frozenset[ShardId]:
        """The shards whose owner has stood still for too long."""
        return frozenset(
            shard_id
            for shard_id, seen in self.sightings.items()
            if seen.owner is not None and seen.still_s >= failover_s
        )

    def _sighting(self, row: Lease, covered_s: float) -> Sighting:
        before = self.sightings.get(row.shard_id)
        same = before is not None and (before.owner, before.counter) == (row.owner, row.counter)
        still_s = before.still_s + covered_s if before is not None and same else 0.0
        return Sighting(row.owner, row.counter, still_s)


@dataclass(frozen=True, slots=True)
class Decision:
    """Leases to take now, and at most one to ask its owner for."""

    take: tuple[Lease, ...] = ()
    ask_for: Lease | None = None


def decide(me: WorkerName, rows: Sequence[Lease], expired: frozenset[ShardId], dice: Dice) -> Decision:
    """What a worker should take: free leases up to its fair share, or one of the most loaded worker's.

    The fair share is the number of shards that may be read over the number of live workers, rounded up. A lease is
    asked for only if that makes the shares more even, so that it never travels back and forth.
    """
    by_shard = {row.shard_id: row for row in rows}
    open_rows = [row for row in rows if not row.checkpoint.shard_ended and may_start(row, by_shard)]
    free = [row for row in open_rows if row.owner is None or (row.owner != me and row.shard_id in expired)]
    load = _load(row for row in open_rows if row not in free)
    mine = load[me]
    if free:
        share = math.ceil(len(open_rows) / len(load.keys() | {me}))
        return Decision(take=tuple(dice.sample(free, min(len(free), max(0, share - mine)))))
    if not load or any(row.wanted_by == me for row in open_rows):
        return Decision()
    _, most = load.most_common(1)[0]
    if most - mine < 2:
        return Decision()
    movable = [
        row for row in open_rows if row.wanted_by is None and row.owner is not None and load[row.owner] == most
    ]
    return Decision(ask_for=dice.sample(movable, 1)[0] if movable else None)


def _load(owned: Iterable[Lease]) -> Counter[WorkerName]:
    """How many leases each live worker has or is about to be handed."""
    return Counter(worker for row in owned if (worker := row.wanted_by or row.owner) is not None)
