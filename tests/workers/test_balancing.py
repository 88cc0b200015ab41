"""Many workers that share leases, each by its own decisions: how many rounds and moves it takes them."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from tests.workers.builders import shard
from txn_core.positions import ShardId
from workers.hosts.leased import SCANS_A_ROUND_MAX
from workers.leases.lease import Lease, WorkerName
from workers.leases.ownership import decide, fair_shares


class Fleet:
    """Workers over one table, their steps in random order, and some rows changing under them."""

    def __init__(
        self, owners: dict[ShardId, WorkerName | None], names: Sequence[WorkerName], rng: random.Random
    ) -> None:
        self.rows = {shard_id: Lease(shard_id=shard_id, owner=owner) for shard_id, owner in owners.items()}
        self.names, self.rng = list(names), rng
        self.dead: set[WorkerName] = set()
        self.renewed: set[ShardId] = set()
        self.moves: Counter[ShardId] = Counter()
        self.refused = 0
        self.writes = 0

    def round(self, *, refusals: float = 0.0) -> None:
        """One round of every worker. A barrier stands between two rounds, none between their steps."""
        self.renewed.clear()
        acting = [self._steps(name, refusals) for name in self.names]
        while acting:
            worker = self.rng.choice(acting)
            if next(worker, None) is None:
                acting.remove(worker)

    def hand_over(self) -> None:
        """Every owner gives up what was asked for."""
        for row in list(self.rows.values()):
            if row.wanted_by is not None and row.owner not in self.dead:
                self._write(row, row.released())

    def load(self) -> list[int]:
        """How many leases each worker has or is about to have."""
        load = Counter(row.wanted_by or row.owner for row in self.rows.values())
        return [load[name] for name in self.names]

    def needed(self) -> int:
        """How many leases have to change hands until the shares of all workers are even."""
        owned = Counter(row.owner for row in self.rows.values())
        load = {name: owned[name] for name in self.names}
        shares = fair_shares(load, len(self.rows))
        return sum(max(0, load[name] - shares[name]) for name in load) + sum(owned[name] for name in self.dead)

    def _steps(self, name: WorkerName, refusals: float) -> Iterator[str]:
        for _ in range(SCANS_A_ROUND_MAX):
            seen = list(self.rows.values())
            yield "scanned"
            for row in seen:
                if row.owner == name and row.wanted_by is not None:
                    self._write(row, row.released())
                    yield "released"
            expired = frozenset(row.shard_id for row in seen if row.owner in self.dead)
            decision = decide(name, seen, expired, self.rng)
            wanted = [(row, row.taken(name)) for row in decision.take]
            wanted += [(row, row.wanted(name)) for row in decision.ask_for]
            landed = True
            for row, change in wanted:
                if self.rng.random() < refusals:
                    self._renew(row.shard_id)
                landed &= self._write(row, change)
                yield "written"
            if landed:
                return

    def _renew(self, shard_id: ShardId) -> None:
        """What refuses the writes of others: the owner says that it lives, once a round."""
        if self.rows[shard_id].owner is not None and shard_id not in self.renewed:
            self.renewed.add(shard_id)
            self.rows[shard_id] = self.rows[shard_id].renewed()

    def _write(self, seen: Lease, wanted: Lease) -> bool:
        self.writes += 1
        stored = self.rows[seen.shard_id]
        if (stored.owner, stored.counter) != (seen.owner, seen.counter):
            self.refused += 1
            return False
        self.rows[seen.shard_id] = wanted
        self.moves[seen.shard_id] += stored.owner is not None and wanted.owner not in {None, stored.owner}
        return True


def fleet(seed: int, shards: int, *, before: int, after: int) -> Fleet:
    """Shards shared evenly by so many workers, or by nobody, when others have come or some have died."""
    rng = random.Random(seed)
    names = [WorkerName(f"worker-{i}") for i in range(max(before, after))]
    rng.shuffle(names)  # who came first is not who comes first by name
    owners = {shard(i): names[i % before] if before else None for i in range(shards)}
    made = Fleet(owners, names[:after], rng)
    made.dead = set(names[after:])
    return made


def assert_even(made: Fleet) -> None:
    load = made.load()
    assert sum(load) == len(made.rows)
    assert max(load) - min(load) <= 1


SIZES = [
    *[(8, 0, 1), (8, 0, 3), (8, 1, 3), (8, 3, 2), (8, 3, 1), (3, 1, 5), (1, 1, 3), (8, 2, 5), (12, 4, 6)],
    *[(40, 0, 10), (40, 1, 10), (40, 3, 10), (40, 10, 9), (40, 10, 3)],
]


@pytest.mark.parametrize("refusals", [0.0, 0.1])
@pytest.mark.parametrize(("shards", "before", "after"), SIZES)
def test_shares_are_even_within_two_rounds_and_then_stay(
    shards: int, before: int, after: int, refusals: float
) -> None:
    """Whatever order the workers act in, and while rows change under them; nothing moves twice or without need."""
    for seed in range(40):
        made = fleet(seed, shards, before=before, after=after)
        needed = made.needed()
        for _ in range(2):
            made.round(refusals=refusals)
        assert_even(made)
        made.hand_over()
        assert_even(made)
        assert sum(made.moves.values()) == needed
        assert max(made.moves.values(), default=0) <= 1
        writes = made.writes
        for _ in range(3):
            made.round()
        assert made.writes == writes, "leases go on moving"
