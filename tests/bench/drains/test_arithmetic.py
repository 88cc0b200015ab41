"""What the measures of the drains make of their samples, and that their records are what a stream would give."""

import pytest
from bench.drains.fetched import AGGREGATE, events, fetched
from bench.drains.posting import flat
from bench.drains.watching import halves

from txn_core.positions import ShardId
from txn_core.transactions.event import Event
from workers.events.decoding import take_in
from workers.reading.read_position import records_of


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([0.3] * 9, True),
        ([0.3, 0.2, 0.3, 0.9, 0.9, 0.9, 0.3, 0.4, 0.3], True),
        ([0.3, 0.3, 0.3, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5], False),
        ([2.0, 2.0, 2.0, 2.5, 2.5, 2.5, 3.0, 3.0, 3.0], True),
    ],
)
def test_lag_is_flat_when_it_ends_as_it_began(seconds: list[float], expected: object) -> None:
    assert flat(seconds) is expected


def test_halves_are_compared_by_their_largest() -> None:
    assert halves([1_000_000, 3_000_000, 2_000_000, 2_500_000, 1_000_000]) == (3.0, 2.5)
    assert halves([2_000_000]) == (2.0, 2.0)


def test_fetched_records_hold_each_event_once() -> None:
    made = list(events(AGGREGATE + 3, name="n"))
    found = records_of(ShardId("shardId-000000000000"), fetched(made))
    assert [record.data for record in found] == made
    assert len({Event.decode(take_in(record).arrived.data).transaction_id for record in found}) == len(made)
    assert [(r.position.sequence_number, r.position.sub_sequence_number) for r in found[-3:]] == [
        ("2", 0),
        ("2", 1),
        ("2", 2),
    ]
