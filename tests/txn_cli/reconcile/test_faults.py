"""What is said of the lake, from what stream, lake and dead letters hold."""

from datetime import timedelta

from tests.builders import ARRIVED_AT
from tests.workers.builders import records
from txn_cli.reconcile.evidence import hours_of
from txn_cli.reconcile.faults import Found
from workers.leases.ledger import minute_of

ONE, TWO, THREE = records(b"1", b"2", b"3")


def test_each_position_has_one_row_or_one_letter() -> None:
    assert list(Found([ONE, TWO, THREE], [ONE, THREE], letters=[TWO]).lake_faults()) == []
    assert list(Found([ONE, TWO], [TWO, TWO, THREE], letters=[]).lake_faults()) == [
        ("missing_in_lake", ONE),
        ("doubled_in_lake", TWO),
        ("not_on_stream", THREE),
    ]


def test_what_the_stream_has_let_go_of_is_judged_by_the_lake_alone() -> None:
    found = Found(None, [ONE, TWO, TWO], letters=[])
    assert list(found.lake_faults()) == [("doubled_in_lake", TWO)]
    assert found.events() == found.archived() == [ONE, TWO]


def test_what_a_worker_has_still_to_read_is_not_judged() -> None:
    found = Found([ONE, TWO], [ONE], letters=[]).only(lambda position: position == ONE.position)
    assert list(found.lake_faults()) == []
    assert Found(None, [ONE], []).only(lambda _: True).stream is None


def test_a_row_lies_at_most_an_hour_and_a_minute_from_its_objects_name() -> None:
    minute = minute_of(ARRIVED_AT.replace(minute=0))
    assert [hour.hour for hour in hours_of({minute})] == [1, 2, 3, 4]
    late = minute_of(ARRIVED_AT + timedelta(minutes=30))
    assert [hour.hour for hour in hours_of({late})] == [2, 3, 4]
