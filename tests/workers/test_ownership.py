"""Expiry by what was seen, and fair shares."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.workers.builders import ALICE, BOB, CAROL, lease, shard
from txn_core.positions import ShardId
from workers.leases import Checkpoint, Lease, WorkerName
from workers.ownership import Watch, decide

FAILOVER_S = 10.0
ENDED = Checkpoint("SHARD_END")


def watch(*scans: tuple[float, Lease]) -> Watch:
    """The watch after scans that took no time, each finding one row."""
    seen = Watch(covered_s_max=4.0)
    for at_s, row in scans:
        seen = seen.observed([row], began_s=at_s, ended_s=at_s)
    return seen


def test_a_lease_whose_counter_stands_still_expires() -> None:
    row = lease(owner=ALICE, counter=7)
    assert not watch(*((s, row) for s in (0, 3, 6, 9.9))).expired(FAILOVER_S)
    assert watch(*((s, row) for s in (0, 3, 6, 9, 10))).expired(FAILOVER_S) == {shard(0)}


def test_a_renewed_lease_starts_again() -> None:
    row = lease(owner=ALICE, counter=7)
    assert not watch((0, row), (4, row), (8, row.renewed()), (12, row.renewed())).expired(FAILOVER_S)


def test_a_lease_taken_by_another_starts_again() -> None:
    row = lease(owner=ALICE, counter=7)
    other = lease(owner=BOB, counter=7)
    assert not watch((0, row), (4, row), (8, other), (12, other)).expired(FAILOVER_S)


def test_a_process_that_slept_does_not_find_every_lease_expired() -> None:
    """Of a pause that is longer than planned, only the planned time counts."""
    row = lease(owner=ALICE, counter=7)
    assert not watch((0, row), (3600, row)).expired(FAILOVER_S)


def test_time_within_a_scan_does_not_count() -> None:
    """A row read at the end of one slow scan and the beginning of the next was seen still only in between."""
    seen, row = Watch(covered_s_max=100.0), lease(owner=ALICE)
    for began_s in (0.0, 9.0, 18.0, 27.0):
        seen = seen.observed([row], began_s=began_s, ended_s=began_s + 8.0)
    assert seen.sightings[shard(0)].still_s == 3.0


def test_a_free_lease_never_expires() -> None:
    row = lease()
    assert not watch((0, row), (4, row), (8, row), (12, row), (16, row)).expired(FAILOVER_S)


def test_a_lone_worker_takes_everything_that_may_be_read() -> None:
    """Children wait for their parents, and what has ended is left alone."""
    rows = [
        lease(0),
        lease(1, checkpoint=ENDED),
        lease(2, parents=(shard(1),)),
        lease(3, parents=(shard(0),)),
        lease(4, parents=(shard(0), shard(1))),
        lease(5, parents=(shard(99),)),
    ]
    taken = decide(ALICE, rows, frozenset(), random.Random(1)).take
    assert {row.shard_id for row in taken} == {shard(0), shard(2), shard(5)}


def test_no_worker_takes_more_than_its_share() -> None:
    rows = [lease(0, owner=BOB), lease(1, owner=CAROL), *(lease(i) for i in range(2, 7))]
    assert len(decide(ALICE, rows, frozenset(), random.Random(1)).take) == 3


def test_an_expired_lease_is_taken_and_its_owner_does_not_count() -> None:
    rows = [lease(0, owner=BOB), lease(1, owner=BOB), lease(2, owner=ALICE)]
    expired = frozenset({shard(0), shard(1)})
    assert {row.shard_id for row in decide(ALICE, rows, expired, random.Random(1)).take} == expired


def test_own_leases_do_not_expire_for_their_owner() -> None:
    rows = [lease(0, owner=ALICE)]
    assert not decide(ALICE, rows, frozenset({shard(0)}), random.Random(1)).take


def test_a_lease_is_asked_for_only_when_that_evens_the_shares() -> None:
    even = [lease(0, owner=BOB), lease(1, owner=BOB), lease(2, owner=ALICE)]
    assert decide(ALICE, even, frozenset(), random.Random(1)).ask_for is None
    uneven = [*even, lease(3, owner=BOB)]
    wanted = decide(ALICE, uneven, frozenset(), random.Random(1)).ask_for
    assert wanted is not None
    assert wanted.owner == BOB


def test_one_lease_is_asked_for_at_a_time() -> None:
    rows = [lease(i, owner=BOB) for i in range(6)]
    rows[0] = rows[0].wanted(ALICE)
    assert decide(ALICE, rows, frozenset(), random.Random(1)).ask_for is None


@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 2**32))
def test_shares_become_even_and_stay(shards: int, workers: int, seed: int) -> None:
    """Whoever acts first, loads differ by one at most in the end, and then no lease moves any more."""
    dice = random.Random(seed)
    names = [WorkerName(f"worker-{i}") for i in range(workers)]
    rows = {row.shard_id: row for row in map(lease, range(shards))}
    for _ in range(shards * workers + 2):
        for name in dice.sample(names, workers):
            _act(name, rows, dice)
    settled = {row.shard_id: row.owner for row in rows.values()}
    loads = Counter(settled.values())
    counts = [loads[name] for name in names]
    assert sum(counts) == shards
    assert max(counts) - min(counts) <= 1
    for name in names:
        assert decide(name, list(rows.values()), frozenset(), dice).take == ()
        assert decide(name, list(rows.values()), frozenset(), dice).ask_for is None


def _act(name: WorkerName, rows: dict[ShardId, Lease], dice: random.Random) -> None:
    """One round of a worker: hand over what is wanted, take and ask."""
    for row in list(rows.values()):
        if row.owner == name and row.wanted_by is not None:
            rows[row.shard_id] = row.released()
    decision = decide(name, list(rows.values()), frozenset(), dice)
    for row in decision.take:
        rows[row.shard_id] = row.taken(name)
    if decision.ask_for is not None:
        rows[decision.ask_for.shard_id] = decision.ask_for.wanted(name)
