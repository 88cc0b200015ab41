"""Who should drain which shard: decided from the lease rows alone, so that it is tested without a table.

Rows are all that workers know of each other, so a worker without leases is not known to be there. It presents itself
by one lease and fills up its share in the next round, when those who came with it are seen too: leases counted
out before would have to be given back. From the same rows every worker works out the same shares and deals out the
same leases, so that two seldom reach for one; and what was dealt once is dealt the same way until it is done.

A lease expires when its counter stands still for the failover time by the watcher's own monotonic clock. Only the
time between scans that follow each other closely counts: a machine that slept must not find every lease expired.

Of a large fleet most scan seldom (`pauses_to_next_scan`, ADR 55). That changes nothing of the rule: of a long pause
no more counts than of the usual one.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from txn_core.positions import ShardId
from workers.leases.lease import Lease, WorkerName
from workers.leases.shards import may_start

T = TypeVar("T")
SCANNERS: Final = 4  # workers of a kind that scan at the usual pause; all others together scan as often as these
PAUSES_MAX: Final = 60  # from one scan to the next
_Load = Counter[WorkerName]


class Rng(Protocol):
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

    def neglected(self, after_s: float, failover_s: float) -> frozenset[ShardId]:
        """The shards that nobody has taken for so long, though scans have shown them to be free or expired."""
        return frozenset(
            shard_id
            for shard_id, seen in self.sightings.items()
            if seen.still_s >= after_s + (0.0 if seen.owner is None else failover_s)
        )

    def living(self) -> frozenset[WorkerName]:
        """The owners of rows of which one has changed within the time that two scans may lie apart."""
        return frozenset(
            seen.owner
            for seen in self.sightings.values()
            if seen.owner is not None and seen.still_s < self.covered_s_max
        )

    def _sighting(self, row: Lease, covered_s: float) -> Sighting:
        before = self.sightings.get(row.shard_id)
        same = before is not None and (before.owner, before.counter) == (row.owner, row.counter)
        still_s = before.still_s + covered_s if before is not None and same else 0.0
        return Sighting(row.owner, row.counter, still_s)


@dataclass(frozen=True, slots=True)
class Decision:
    """Leases to take now, and leases to ask their owners for."""

    take: tuple[Lease, ...] = ()
    ask_for: tuple[Lease, ...] = ()
    unsettled: bool = False
    """Whether more is to come: leases to take, or that were asked for. The next round should not wait long."""


_NONE: Final[frozenset[ShardId]] = frozenset()


def decide(
    me: WorkerName,
    rows: Sequence[Lease],
    expired: frozenset[ShardId],
    rng: Rng,
    neglected: frozenset[ShardId] = _NONE,
) -> Decision:
    """What a worker should take: leases that nobody has or whose owner stands still, and others' surplus.

    Nobody takes more than its share, and nobody is asked for what is its share: a lease moves only if that makes the
    shares more even, and then only once. The one exception are free leases that stayed `neglected`: those they are
    dealt to are on their way out, or scan seldom, so anybody takes them. Of a large fleet it is the `SCANNERS`, who
    see them first: each takes its part of them.
    """
    by_shard = {row.shard_id: row for row in rows}
    open_rows = [row for row in rows if not row.checkpoint.shard_ended and may_start(row, by_shard)]
    free: list[Lease] = []
    held: list[Lease] = []
    for row in open_rows:
        (free if row.owner is None or (row.owner != me and row.shard_id in expired) else held).append(row)
    load = _load(held)
    dealt = _dealt(me, free, held, load) if load[me] else _presented(me, free, held, load, rng)
    left = [row for row in free if row.shard_id in neglected and row not in dealt]
    overdue = rng.sample(left, -(-len(left) // min(SCANNERS, len(load.keys() | {me}))))
    take = tuple(row for row in dealt if row in free) + tuple(overdue)
    ask_for = tuple(row for row in dealt if row not in free)
    awaited = any(row.wanted_by == me for row in held)
    return Decision(take, ask_for, unsettled=bool(take or ask_for) or awaited)


def pauses_to_next_scan(me: WorkerName, living: Collection[WorkerName]) -> int:
    """After how many of the usual pauses a worker scans again that waits for nothing; `living` have leases.

    A scan reads the whole table. If all scanned at the usual pause, what is read would grow with workers times
    shards. So the first by name do, whoever works that out, and in their place the next ones once they stand still.
    """
    if me in sorted(living)[:SCANNERS]:
        return 1
    return max(1, min(PAUSES_MAX, len(living) // SCANNERS))


def fair_shares(load: Mapping[WorkerName, int], leases: int) -> dict[WorkerName, int]:
    """How many leases each worker should have; they differ by one at most.

    The larger shares go to those who have as much already, then by name: shares stay what they are while workers
    fill up to them, and no lease moves that need not.
    """
    least, larger = divmod(leases, len(load))
    order = sorted(load, key=lambda worker: (load[worker] <= least, worker))
    return {worker: least + (place < larger) for place, worker in enumerate(order)}


def _presented(me: WorkerName, free: Sequence[Lease], held: Sequence[Lease], load: _Load, rng: Rng) -> list[Lease]:
    """One lease for a worker that has none, if there is one to spare; at random, as nobody knows who else comes."""
    choice = free or _spare(held, load, fair_shares({**load, me: 0}, len(held)))
    return rng.sample(choice, min(1, len(choice)))


def _dealt(me: WorkerName, free: Sequence[Lease], held: Sequence[Lease], load: _Load) -> list[Lease]:
    """A worker's part when free leases and those beyond their owners' shares are dealt out, in one order for all."""
    shares = fair_shares(load, len(free) + len(held))
    hands = [worker for worker in sorted(shares) for _ in range(shares[worker] - load[worker])]
    leases = [*_by_shard(free), *_spare(held, load, shares)]
    return [row for row, worker in zip(leases, hands, strict=False) if worker == me]


def _spare(held: Sequence[Lease], load: _Load, shares: Mapping[WorkerName, int]) -> list[Lease]:
    """What workers have beyond their shares, in one order for all."""
    spare: list[Lease] = []
    for giver in sorted(load):
        owned = [row for row in _by_shard(held) if row.owner == giver and row.wanted_by is None]
        spare += owned[: max(0, load[giver] - shares[giver])]
    return spare


def _by_shard(rows: Iterable[Lease]) -> list[Lease]:
    return sorted(rows, key=lambda row: row.shard_id)


def _load(held: Iterable[Lease]) -> _Load:
    """How many leases each live worker has or is about to be handed."""
    return Counter(worker for row in held if (worker := row.wanted_by or row.owner) is not None)
