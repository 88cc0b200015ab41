"""Stretches behave as the list of their records, whatever runs they are made of."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import ARRIVED_AT, SHARD, arrived, position
from txn_core.kinesis.record_batch import RecordBatch, RecordRun
from txn_core.positions import SequenceNumber

EVENTS = st.lists(st.binary(max_size=5), min_size=1, max_size=4)


def run(number: int, events: list[bytes]) -> RecordRun:
    """Events that lie in one record, with something before, between and behind them."""
    data, begins, ends = b"-", list[int](), list[int]()
    for event in events:
        begins.append(len(data))
        data += event
        ends.append(len(data))
        data += b"-"
    moment = ARRIVED_AT + timedelta(milliseconds=number)
    return RecordRun(SHARD, SequenceNumber(str(number)), 0, moment, data, begins, ends)


STRETCHES = st.lists(EVENTS, max_size=5).map(
    lambda runs: RecordBatch([run(i, events) for i, events in enumerate(runs)])
)
BOUNDS = st.none() | st.integers(-25, 25)


def test_a_run_says_where_its_events_stood() -> None:
    first, second = RecordBatch([run(7, [b"a", b"bc"])])
    assert (first.data, first.position) == (b"a", position(7))
    assert (second.data, second.position) == (b"bc", position(7, 1))


def test_a_run_counts_the_bytes_of_its_events_alone() -> None:
    assert run(1, [b"a", b"", b"bcd"]).event_bytes == 4


@given(STRETCHES, BOUNDS, BOUNDS)
def test_a_slice_of_a_stretch_is_that_of_its_records(
    stretch: RecordBatch, start: int | None, stop: int | None
) -> None:
    records = list(stretch)
    assert len(stretch) == len(records)
    assert list(stretch[start:stop]) == records[start:stop]
    assert list(stretch[start:stop][1:3]) == records[start:stop][1:3]


@given(STRETCHES)
def test_places_of_a_stretch_are_those_of_its_records(stretch: RecordBatch) -> None:
    records = list(stretch)
    for index in range(-len(records), len(records)):
        assert stretch[index] == records[index]
    with pytest.raises(IndexError):
        stretch[len(records)]


@given(STRETCHES)
def test_records_by_themselves_are_the_same_stretch(stretch: RecordBatch) -> None:
    records = list(stretch)
    assert RecordBatch.of(records) == stretch == records
    assert RecordBatch.of(stretch) is stretch
    assert stretch.lines == b"\n".join(record.data for record in records)


def test_stretches_differ_by_a_record() -> None:
    assert RecordBatch.of([arrived(b"a")]) != RecordBatch.of([arrived(b"b")])
    assert RecordBatch.of([arrived(b"a")]) != [arrived(b"a"), arrived(b"a")]
    assert RecordBatch() != "a"


def test_a_stretch_is_not_thinned_out() -> None:
    with pytest.raises(ValueError, match="thinned"):
        RecordBatch.of([arrived(b"a"), arrived(b"b")])[::2]
