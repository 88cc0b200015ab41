"""When records expire."""

from tests.txn_core.kinesis.builders import pending
from txn_core.kinesis.deadlines import SETTLED_KEPT_MAX, Deadlines
from txn_core.kinesis.lane import Pending, State


def settle(*records: Pending) -> None:
    """Settle records as their lanes would."""
    for record in records:
        record.state = State.SETTLED


def test_records_expire_in_their_order_and_once() -> None:
    """What is settled does not expire, and the next deadline belongs to a record that is not settled."""
    deadlines = Deadlines()
    records = [pending(deadline=float(at)) for at in range(6)]
    for record in records:
        deadlines.add(record, 6)
    settle(records[0], records[2])
    assert deadlines.next_at() == 1.0
    assert deadlines.expired(0.5) == []
    assert deadlines.expired(3.0) == [records[1], records[3]]
    assert deadlines.unsettled() == records[4:]
    settle(*records)
    assert deadlines.next_at() is None
    assert deadlines.expired(100.0) == []


def test_settled_records_are_not_kept_behind_one_that_is_not() -> None:
    """While one shard is stuck, what the others finish does not pile up."""
    deadlines = Deadlines()
    stuck = pending(deadline=0.0)
    deadlines.add(stuck, 1)
    for at in range(1, 10 * SETTLED_KEPT_MAX):
        record = pending(deadline=float(at))
        deadlines.add(record, 2)
        settle(record)
        assert len(deadlines._records) <= SETTLED_KEPT_MAX + 5
    assert deadlines.unsettled() == [stuck]
