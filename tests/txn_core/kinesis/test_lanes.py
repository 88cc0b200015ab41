"""The producer's buffer, without any stream."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.virtual_time import VirtualTimeLoop
from txn_core.kinesis.lanes import REQUEST_BYTES_MAX, REQUEST_RECORDS_MAX, Lanes, Pending, State


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = VirtualTimeLoop()
    yield made
    made.close()


class Filler:
    """Makes records and remembers them by name."""

    def __init__(self, loop: asyncio.AbstractEventLoop, lanes: Lanes) -> None:
        self._loop, self._lanes = loop, lanes

    def add(self, name: str, *, size: int = 100) -> Pending:
        """Queue a record; the first letter of its name is its lane."""
        data = name.encode().ljust(size - 1, b".")
        record = Pending(name[0], data, 10.0, self._loop.create_future())
        self._lanes.add(record)
        return record


@pytest.fixture
def lanes() -> Lanes:
    return Lanes()


@pytest.fixture
def filler(loop: asyncio.AbstractEventLoop, lanes: Lanes) -> Filler:
    return Filler(loop, lanes)


def test_a_request_takes_the_first_record_of_each_lane(lanes: Lanes, filler: Filler) -> None:
    """One record a lane is taken, in the order in which the lanes became ready."""
    a1, _a2, b1 = filler.add("a1"), filler.add("a2"), filler.add("b1")
    assert lanes.take() == [a1, b1]
    assert a1.state is State.IN_FLIGHT
    assert not lanes.ready


def test_a_lane_stays_closed_until_it_is_released(lanes: Lanes, filler: Filler) -> None:
    """What is queued behind a record under way, before or after it was taken, waits for its release."""
    filler.add("a1")
    lanes.take()
    a2 = filler.add("a2")
    assert lanes.take() == []
    lanes.release("a")
    assert lanes.take() == [a2]


def test_a_record_put_back_goes_before_its_successors(lanes: Lanes, filler: Filler) -> None:
    """A record that failed keeps its place, and its lane stays closed meanwhile."""
    a1, a2 = filler.add("a1"), filler.add("a2")
    lanes.take()
    lanes.put_back(a1)
    assert a1.state is State.QUEUED
    assert not lanes.ready
    lanes.release("a")
    assert lanes.take() == [a1]
    lanes.release("a")
    assert lanes.take() == [a2]


def test_settled_records_are_passed_over(lanes: Lanes, filler: Filler) -> None:
    """What was given up while it waited is neither sent nor kept."""
    a1, a2, b1 = filler.add("a1"), filler.add("a2"), filler.add("b1")
    a1.state = b1.state = State.SETTLED
    assert lanes.take() == [a2]
    lanes.release("a")
    lanes.release("b")
    assert not lanes.ready
    assert lanes._queues == {}


def test_a_lane_of_settled_records_alone_does_not_stay_ready(lanes: Lanes, filler: Filler) -> None:
    """Nothing to send means not ready: the producer's loop would spin otherwise."""
    filler.add("a1").state = State.SETTLED
    assert lanes.ready
    assert lanes.take() == []
    assert not lanes.ready


def test_a_request_holds_no_more_records_than_kinesis_takes(lanes: Lanes, filler: Filler) -> None:
    """The lanes beyond the limit stay ready and come next."""
    names = [f"{chr(0x4E00 + number)}" for number in range(REQUEST_RECORDS_MAX + 3)]
    for name in names:
        filler.add(name)
    assert len(lanes.take()) == REQUEST_RECORDS_MAX
    assert [record.key for record in lanes.take()] == names[REQUEST_RECORDS_MAX:]


def test_a_request_holds_no_more_bytes_than_kinesis_takes(lanes: Lanes, filler: Filler) -> None:
    """The partition key counts; a record that does not fit any more keeps its lane's turn."""
    fifth = REQUEST_BYTES_MAX // 5
    for name in "abcd":
        filler.add(name, size=fifth)
    e1 = filler.add("e1", size=fifth + 1)
    e2 = filler.add("e2")
    f1 = filler.add("f1")
    assert [record.key for record in lanes.take()] == ["a", "b", "c", "d"]
    assert e1.state is State.QUEUED
    assert lanes.take() == [e1, f1]
    lanes.release("e")
    assert lanes.take() == [e2]


def test_lanes_take_turns(lanes: Lanes, filler: Filler) -> None:
    """A released lane queues up behind those that became ready before it: a busy card does not starve others."""
    filler.add("a1")
    filler.add("a2")
    lanes.take()
    b1 = filler.add("b1")
    lanes.release("a")
    assert [record.key for record in lanes.take()] == ["b", "a"]
    assert b1.state is State.IN_FLIGHT
