"""What is said of the lake, from what stream, lake and dead letters hold."""

from datetime import timedelta

from tests.builders import ARRIVED_AT
from tests.workers.builders import records
from txn_cli.reconcile.evidence import hours_of
from txn_cli.reconcile.faults import Found
from txn_core.positions import Position
from workers.leases.ledger import minute_of

ONE, TWO, THREE = records(b"1", b"2", b"3")


def faults(found: Found) -> list[tuple[str, Position | None]]:
    return [(fault.kind, fault.position) for fault in found.lake_faults()]


def test_each_position_has_one_row_or_one_letter() -> None:
    assert faults(Found([ONE, TWO, THREE], [ONE, THREE], dead_letters=[TWO])) == []
    assert faults(Found([ONE, TWO], [TWO, TWO, THREE], dead_letters=[])) == [
        ("missing_in_lake", ONE.position),
        ("doubled_in_lake", TWO.position),
        ("not_on_stream", THREE.position),
    ]


def test_what_the_stream_has_let_go_of_is_judged_by_the_lake_alone() -> None:
    found = Found(None, [ONE, TWO, TWO], dead_letters=[])
    assert faults(found) == [("doubled_in_lake", TWO.position)]
    assert found.events() == found.archived() == [ONE, TWO]


def test_what_a_worker_has_still_to_read_is_not_judged() -> None:
    found = Found([ONE, TWO], [ONE], dead_letters=[]).only(lambda position: position == ONE.position)
    assert faults(found) == []
    assert Found(None, [ONE], []).only(lambda _: True).stream is None


def test_a_row_lies_at_most_an_hour_and_a_minute_from_its_objects_name() -> None:
    minute = minute_of(ARRIVED_AT.replace(minute=0))
    assert [hour.hour for hour in hours_of({minute})] == [1, 2, 3, 4]
    late = minute_of(ARRIVED_AT + timedelta(minutes=30))
    assert [hour.hour for hour in hours_of({late})] == [2, 3, 4]
