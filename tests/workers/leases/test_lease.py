"""The changes of a lease row."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import SHARD, position
from tests.workers.builders import ALICE, BOB, later, lease
from workers.leases.lease import LATEST, SHARD_END, Checkpoint, FlushPlan, Lease

PLAN = FlushPlan(position(1), position(5, 3), later(0), 9)
OTHER = FlushPlan(position(1), position(6), later(0), 10)


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.taken(BOB),
        Lease.renewed,
        lambda row: row.wanted(BOB),
        Lease.released,
        lambda row: row.planned(PLAN),
        lambda row: row.advanced(position(9)),
        Lease.ended,
    ],
)
def test_every_change_raises_the_counter_by_one(change: Callable[[Lease], Lease]) -> None:
    assert change(lease(owner=ALICE, counter=41)).counter == 42


def test_a_stored_plan_is_never_replaced() -> None:
    """Storing the same plan again is harmless; another one is refused."""
    planned = lease().planned(PLAN)
    assert planned.planned(PLAN).plan == PLAN
    with pytest.raises(ValueError, match="never replaced"):
        planned.planned(OTHER)


def test_a_checkpoint_clears_the_plan_that_was_carried_out() -> None:
    advanced = lease().planned(PLAN).advanced(PLAN.last)
    assert advanced.plan is None
    assert advanced.checkpoint == Checkpoint("5", 3)


@given(st.tuples(st.integers(0, 2**186), st.integers(0, 99)), st.tuples(st.integers(0, 2**186), st.integers(0, 99)))
def test_a_checkpoint_moves_forwards_only_in_the_order_of_integers(
    one: tuple[int, int], two: tuple[int, int]
) -> None:
    """Sequence numbers of different length compare as numbers; sub-sequence numbers break ties."""
    row = lease().advanced(position(*one))
    if two >= one:
        assert row.advanced(position(*two)).checkpoint.covers(position(*one))
    else:
        with pytest.raises(ValueError, match="backwards"):
            row.advanced(position(*two))


def test_a_shard_does_not_end_while_a_plan_is_open() -> None:
    with pytest.raises(ValueError, match="carried out"):
        lease().planned(PLAN).ended()


def test_an_ended_shard_covers_all_and_goes_no_further() -> None:
    row = lease().ended()
    assert row.checkpoint.covers(position(2**186))
    with pytest.raises(ValueError, match="backwards"):
        row.advanced(position(1))


@pytest.mark.parametrize("word", ["TRIM_HORIZON", LATEST])
def test_words_of_a_start_cover_nothing(word: str) -> None:
    assert not Checkpoint(word).covers(position(0))
    assert Checkpoint(word).position(SHARD) is None


def test_an_end_is_no_position() -> None:
    assert Checkpoint(SHARD_END).position(SHARD) is None


def test_release_hands_over_to_the_worker_that_asked() -> None:
    row = lease(owner=ALICE).wanted(BOB).released()
    assert (row.owner, row.wanted_by, row.owner_switches) == (BOB, None, 1)


def test_release_without_an_asker_leaves_the_lease_to_nobody() -> None:
    assert lease(owner=ALICE).released().owner is None


def test_whoever_takes_a_lease_inherits_checkpoint_and_plan() -> None:
    row = lease(owner=ALICE).advanced(position(1)).planned(OTHER).wanted(BOB).taken(BOB)
    assert (row.owner, row.checkpoint, row.plan, row.wanted_by) == (BOB, Checkpoint("1"), OTHER, None)
