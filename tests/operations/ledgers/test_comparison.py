"""Two ledgers compared: what differs, what agrees, and what is not yet or no longer said."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from operations.ledgers.comparison import Comparison, ShardLedger, compare
from tests.builders import ARRIVED_AT, SHARD, position
from tests.workers.builders import lease
from txn_core.kinesis.record_batch import StreamRecord
from workers.leases.lease import SHARD_END, Checkpoint
from workers.leases.ledger import minute_of, start_of, tally_of

MINUTES = [minute_of(ARRIVED_AT + timedelta(minutes=i)) for i in range(10)]


def side(*numbers: int, ended: bool = False, began_at: int | None = None) -> ShardLedger:
    """The ledger of a drain that has done these positions, of which each arrived in the minute of its number."""
    records = [StreamRecord(b"", position(n + 1), start_of(MINUTES[n])) for n in numbers]
    row = lease(checkpoint=Checkpoint() if began_at is None else Checkpoint(str(began_at)))
    row = row.advanced(records[-1].position, tally_of(records), fresh_epoch="e")
    return ShardLedger(row.ended() if ended else row, tally_of(records))


def compared(view: ShardLedger, reference: ShardLedger) -> Comparison:
    return compare(SHARD, "index", view, reference)


def test_sides_at_one_checkpoint_agree_up_to_the_minute_that_runs() -> None:
    found = compared(side(0, 1, 2), side(0, 1, 2))
    assert [sums.minute for sums in found.agreeing] == MINUTES[:3]
    assert (found.differing, found.unfinished, found.unknown) == ((), (), ())


def test_a_position_that_one_side_lacks_makes_its_minute_differ() -> None:
    (differing,) = compared(side(0, 1, 2, 3), side(0, 2, 3)).differing
    assert (differing.minute, differing.view.count, differing.reference.count) == (MINUTES[1], 1, 0)


def test_the_last_minutes_of_the_slower_side_are_unfinished() -> None:
    """Records arrive out of order by up to a minute: of the minute before the newest not all may be done."""
    found = compared(side(0, 1, 2, 3, 4, 5), side(0, 1, 2, 3))
    assert [sums.minute for sums in found.agreeing] == MINUTES[:2]
    assert found.unfinished == tuple(MINUTES[2:6])


def test_the_end_of_a_shard_finishes_its_minutes() -> None:
    assert compared(side(0, 1, ended=True), side(0, 1, ended=True)).unfinished == ()
    assert compared(side(0, 1, ended=True), side(0)).unfinished == tuple(MINUTES[:2])


def test_an_ended_shard_without_a_record_agrees() -> None:
    empty = ShardLedger(lease(checkpoint=Checkpoint(SHARD_END)), tally_of([]))
    assert compared(empty, empty).agreeing == ()


def test_what_a_ledger_saw_only_the_end_of_is_unknown() -> None:
    """It began on a row that had a checkpoint before: its first minutes are only partly its own."""
    found = compared(side(0, 1, 2, 3, 4, 5), side(2, 3, 4, 5, began_at=2))
    assert found.unknown == tuple(MINUTES[:4])
    assert [sums.minute for sums in found.agreeing] == MINUTES[4:6]


def test_a_side_without_a_lease_or_with_an_outdated_ledger_says_nothing() -> None:
    assert compared(side(0, 1), ShardLedger()).unfinished == tuple(MINUTES[:2])
    outdated = side(0, 1)
    assert outdated.row is not None
    moved = ShardLedger(outdated.row.advanced(position(9)), outdated.tally)
    assert compared(side(0, 1), moved).unknown == tuple(MINUTES[:2])


@given(st.lists(st.integers(0, 9), min_size=1, max_size=9, unique=True), st.integers(1, 9))
def test_a_side_that_is_only_behind_never_differs(numbers: list[int], behind: int) -> None:
    ordered = sorted(numbers)
    assert compared(side(*ordered), side(*ordered[:behind])).differing == ()
