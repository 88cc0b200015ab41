"""Expiry by what was seen, and fair shares."""

import random
from collections.abc import Collection, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.workers.builders import ALICE, BOB, CAROL, lease, shard
from txn_core.positions import ShardId
from workers.leases.lease import Checkpoint, Lease, WorkerName
from workers.leases.ownership import (
    PAUSES_MAX,
    SCANNERS,
    Decision,
    Watch,
    decide,
    fair_shares,
    pauses_to_next_scan,
)

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


def test_a_row_that_nobody_takes_becomes_neglected() -> None:
    """Or that expired, and that whoever it was dealt to has not taken since."""
    row, owned = lease(), lease(owner=ALICE)
    assert watch((0, row), (3, row)).neglected(3.0, FAILOVER_S) == {shard(0)}
    assert not watch((0, row), (2.9, row)).neglected(3.0, FAILOVER_S)
    assert not watch((0, owned), (4, owned), (8, owned), (12, owned)).neglected(3.0, FAILOVER_S)
    assert watch(*((s, owned) for s in (0, 4, 8, 12, 13))).neglected(3.0, FAILOVER_S) == {shard(0)}


def decided(me: WorkerName, rows: Sequence[Lease], expired: Collection[ShardId] = (), **options: Any) -> Decision:
    return decide(me, rows, frozenset(expired), random.Random(1), **options)


def test_a_worker_presents_itself_by_one_lease_and_then_takes_all_that_is_its_share() -> None:
    """Children wait for their parents, and what has ended is left alone."""
    rows = [
        lease(0),
        lease(1, checkpoint=ENDED),
        lease(2, parents=(shard(1),)),
        lease(3, parents=(shard(0),)),
        lease(4, parents=(shard(0), shard(1))),
        lease(5, parents=(shard(99),)),
    ]
    first = decided(ALICE, rows)
    assert len(first.take) == 1
    assert first.unsettled
    rows = [row.taken(ALICE) if row in first.take else row for row in rows]
    second = decided(ALICE, rows)
    assert {row.shard_id for row in first.take + second.take} == {shard(0), shard(2), shard(5)}
    rows = [row.taken(ALICE) if row in second.take else row for row in rows]
    assert decided(ALICE, rows) == Decision()


def test_free_leases_are_dealt_out_without_two_reaching_for_one() -> None:
    rows = [lease(i, owner=owner) for i, owner in enumerate((ALICE, BOB, CAROL, *[None] * 5))]
    dealt = [decided(me, rows).take for me in (ALICE, BOB, CAROL)]
    assert sorted(map(len, dealt)) == [1, 2, 2]
    assert {row for part in dealt for row in part} == set(rows[3:])


def test_an_expired_lease_is_taken_and_its_owner_does_not_count() -> None:
    rows = [lease(0, owner=BOB), lease(1, owner=BOB), lease(2, owner=ALICE)]
    expired = {shard(0), shard(1)}
    assert {row.shard_id for row in decided(ALICE, rows, expired).take} == expired


def test_own_leases_do_not_expire_for_their_owner() -> None:
    rows = [lease(0, owner=ALICE)]
    assert not decided(ALICE, rows, {shard(0)}).take


def test_leases_are_asked_for_only_when_that_evens_the_shares() -> None:
    even = [lease(0, owner=BOB), lease(1, owner=BOB), lease(2, owner=ALICE)]
    assert decided(ALICE, even) == Decision()
    uneven = [*even, lease(3, owner=BOB), lease(4, owner=BOB), lease(5, owner=BOB)]
    wanted = decided(ALICE, uneven).ask_for
    assert [row.owner for row in wanted] == [BOB, BOB]


def test_what_was_asked_for_counts_as_there_already() -> None:
    rows = [lease(i, owner=BOB) for i in range(5)]
    rows[0], rows[1] = rows[0].wanted(ALICE), rows[1].wanted(ALICE)
    decision = decided(ALICE, rows)
    assert decision.ask_for == ()
    assert decision.unsettled
    assert decided(BOB, rows) == Decision()


def test_a_lease_that_was_dealt_to_a_worker_on_its_way_out_is_taken_by_another() -> None:
    """Bob has released one of his two leases, and still finishes the other: the free one seems to be his."""
    rows = [lease(0, owner=ALICE), lease(1, owner=ALICE), lease(2), lease(3, owner=BOB)]
    assert decided(ALICE, rows).take == ()
    assert decided(ALICE, rows, neglected=frozenset({shard(2)})).take == (rows[2],)


def test_scans_of_a_fleet_do_not_grow_with_it() -> None:
    """A few scan at the usual pause, and all others together as often; none waits longer than two minutes."""
    for size in (*range(1, 300), 1_000):
        living = [WorkerName(f"worker-{i:04}") for i in range(size)]
        pauses = [pauses_to_next_scan(name, living) for name in living]
        assert pauses[:SCANNERS] == [1] * min(size, SCANNERS)
        assert max(pauses) <= PAUSES_MAX
        assert sum(1 / each for each in pauses) <= 2 * SCANNERS + size / PAUSES_MAX
        standby = pauses_to_next_scan(WorkerName("a"), living)
        assert standby == max(1, min(PAUSES_MAX, size // SCANNERS))


def test_an_owner_that_stands_still_is_not_taken_for_one_that_scans() -> None:
    """After a long pause at once; after the usual one, a renewal may only just have been missed."""
    row = lease(owner=ALICE, counter=7)
    assert watch((0, row)).living() == watch((0, row), (2, row)).living() == {ALICE}
    assert watch((0, row), (60, row)).living() == frozenset()
    assert watch((0, row), (60, row.renewed())).living() == {ALICE}
    assert watch((0, lease())).living() == frozenset()


def test_those_who_scan_take_what_others_leave_lying() -> None:
    """Each of them its part, however many workers there are."""
    owners = [WorkerName(f"worker-{i:02}") for i in range(20)]
    rows = [*(lease(i, owner=name) for i, name in enumerate(owners)), *(lease(20 + i) for i in range(8))]
    free = frozenset(row.shard_id for row in rows[20:])
    assert len(decided(owners[0], rows, neglected=free).take) >= len(free) // SCANNERS


@given(st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 9), min_size=1), st.integers(0, 40))
def test_fair_shares_differ_by_one_and_stay_while_workers_fill_up(load: dict[Any, int], more: int) -> None:
    leases = sum(load.values()) + more
    shares = fair_shares(load, leases)
    assert sum(shares.values()) == leases
    assert max(shares.values()) - min(shares.values()) <= 1
    for worker in sorted(load, reverse=True):
        load[worker] = shares[worker]
        assert fair_shares(load, sum(shares.values())) == shares
