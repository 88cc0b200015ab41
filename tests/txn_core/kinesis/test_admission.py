"""Whether a record may come in: by bytes, in total and in its lane, and by the wait that is ahead of it."""

import pytest

from tests.txn_core.kinesis.builders import pending
from txn_core.kinesis.admission import BULK_SHARE, LANE_SHARE, RETRY_AFTER_S_MAX, Admission
from txn_core.kinesis.lane import Lane
from txn_core.kinesis.pace import Pace

DEADLINE_S = 10.0
TOTAL = 100_000_000
ADMISSION = Admission(TOTAL, DEADLINE_S)


def shard(bytes_held: int = 0, *, round_trip_s: float = 0.0) -> Lane:
    """A shard's lane that holds so much."""
    return Lane("shard", Pace(0.0), bytes_held=bytes_held, round_trip_s=round_trip_s)


def test_the_whole_buffer_is_a_bound() -> None:
    """A record that fits exactly comes in, one byte more does not."""
    assert ADMISSION.refusal(TOTAL - 500, shard(), 500, 0.0) is None
    assert ADMISSION.refusal(TOTAL - 500, shard(), 501, 0.0) == 1


def test_one_lane_has_half_of_it() -> None:
    """However empty the buffer is otherwise, a lane leaves half of it to the others."""
    half = int(TOTAL * LANE_SHARE)
    lane = Lane("card", bytes_held=half - 500)
    assert ADMISSION.refusal(half, lane, 500, 0.0) is None
    assert ADMISSION.refusal(half, lane, 501, 0.0) == 1


def test_who_could_not_make_the_deadline_is_refused_at_once() -> None:
    """The wait follows from what is queued and the shard's pace, and so does the time to come back after."""
    assert ADMISSION.refusal(0, shard(9_900_000), 500, 0.0) is None
    assert ADMISSION.refusal(0, shard(10_100_000), 500, 0.0) == 1
    assert ADMISSION.refusal(0, shard(17_500_000), 500, 0.0) == 8
    assert ADMISSION.refusal(0, shard(49_000_000), 500, 0.0) == RETRY_AFTER_S_MAX


def test_slow_answers_count_as_well() -> None:
    """A shard takes one parcel a round trip, whatever its pace allows."""
    assert ADMISSION.refusal(0, shard(2_000_000, round_trip_s=1.0), 500, 0.0) is None
    assert ADMISSION.refusal(0, shard(2_000_000, round_trip_s=2.0), 500, 0.0) == 6
    assert ADMISSION.refusal(0, shard(100, round_trip_s=12.0), 500, 0.0) == 2
    card = Lane("card", bytes_held=300, round_trip_s=4.0)
    card.queue.extend([pending(card)] * 2)
    assert ADMISSION.refusal(0, card, 100, 0.0) == 2


def test_trouble_is_expected_to_last_as_long_as_it_has() -> None:
    """A lane that has failed for longer than the deadline takes nothing more, except when it holds nothing."""
    for lane in (shard(100), Lane("card", bytes_held=100)):
        lane.failed(100.0, 0.0, throttled=False, apart=False)
        lane.failed(105.0, 0.0, throttled=False, apart=False)
        assert ADMISSION.refusal(0, lane, 500, 109.0) is None
        assert ADMISSION.refusal(0, lane, 500, 115.5) == 6
        lane.bytes_held = 0
        assert ADMISSION.refusal(0, lane, 500, 115.5) is None
        lane.bytes_held = 100
        lane.succeeded(116.0, 0.01)
        assert ADMISSION.refusal(0, lane, 500, 116.0) is None


@pytest.mark.parametrize("bytes_held", [0, 100_000, 490_000])
def test_bulk_leaves_half_of_every_bound_of_bytes(bytes_held: int) -> None:
    """An upload waits where a single request still comes in."""
    assert ADMISSION.refusal(0, shard(bytes_held), 0, 0.0, BULK_SHARE) is None
    for held, lane in ((TOTAL * 51 // 100, shard()), (0, Lane("card", bytes_held=26_000_000))):
        assert ADMISSION.refusal(held, lane, 0, 0.0, BULK_SHARE) is not None
        assert ADMISSION.refusal(held, lane, 0, 0.0) is None


@pytest.mark.parametrize(
    ("bytes_held", "round_trip_s", "comes_in"),
    [
        (490_000, 0.01, True),
        (510_000, 0.01, False),
        (700_000, 1.0, True),
        (800_000, 1.0, False),
        (300_000, 4.0, True),
        (330_000, 4.0, False),
    ],
)
def test_a_single_request_waits_for_little_of_an_upload(
    bytes_held: int,
    round_trip_s: float,
    comes_in: bool,  # noqa: FBT001
) -> None:
    """Half a second's worth, three round trips' where those are slow, and never more than half of the deadline."""
    lane = shard(bytes_held, round_trip_s=round_trip_s)
    assert (ADMISSION.refusal(0, lane, 0, 0.0, BULK_SHARE) is None) is comes_in
    assert ADMISSION.refusal(0, lane, 0, 0.0) is None
