"""The pace of a shard, on a clock of the test's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txn_core.kinesis.pace import (
    DEBT_S_MAX,
    PARCEL_BYTES_MAX,
    PARCEL_BYTES_MIN,
    SHARD_BYTES_PER_S,
    SHARD_RECORDS_PER_S,
    SHARE_MAX,
    SHARE_MIN,
    Pace,
)


def sent_in(pace: Pace, seconds: float, *, parcel_bytes: int, begin: float = 0.0) -> tuple[int, float]:
    """How many parcels go in a time, each as soon as it may and accepted; and the time at the end."""
    now, parcels = begin, 0
    while now < begin + seconds:
        if wait_s := pace.wait_s(now):
            now += wait_s + 1e-9
            continue
        pace.spend(parcel_bytes, now)
        parcels += 1
        now += 1e-6
    return parcels, now


def test_it_begins_with_the_documented_limits() -> None:
    """A second's worth at once, then a megabyte a second; small records are held to their number."""
    parcels, _ = sent_in(Pace(0.0), 10.0, parcel_bytes=100_000)
    assert parcels == pytest.approx(11 * SHARD_BYTES_PER_S / 100_000, abs=2)
    parcels, _ = sent_in(Pace(0.0), 2.0, parcel_bytes=100)
    assert parcels == pytest.approx(3 * SHARD_RECORDS_PER_S, rel=0.01)


def test_unused_rate_is_kept_for_a_second() -> None:
    """After a long rest no more than a second's worth goes at once."""
    pace = Pace(0.0)
    pace.spend(900_000, 0.0)
    assert pace.wait_s(1_000.0) == 0
    parcels, _ = sent_in(pace, 0.001, parcel_bytes=100_000, begin=1_000.0)
    assert parcels in {10, 11}


def test_a_throttle_lowers_the_rate_once_a_second() -> None:
    """What a second refuses again and again lowers it no further than its first refusal."""
    pace = Pace(0.0)
    for at in (0.0, 0.1, 0.5, 0.9):
        pace.throttled(at)
    assert pace.share == pytest.approx(0.7)
    pace.throttled(1.0)
    assert pace.share == pytest.approx(0.49)


def test_acceptance_raises_the_rate_only_where_it_was_the_brake() -> None:
    """A shard that is sent less than it takes shows nothing of how much more it would take."""
    pace = Pace(0.0)
    for second in range(10):
        pace.spend(1_000, float(second))
        pace.accepted(float(second))
    assert pace.share == 1.0


def test_a_stream_that_never_throttles_is_soon_used_as_it_allows() -> None:
    """A local stream reaches many times the documented limits within seconds."""
    pace, now = Pace(0.0), 0.0
    while now < 5.0:
        now += pace.wait_s(now) + 0.001
        pace.spend(250_000, now)
        pace.wait_s(now)
        pace.accepted(now)
    assert 20 < pace.share <= SHARE_MAX


def test_after_a_throttle_the_rate_climbs_by_the_second() -> None:
    """However many parcels go, it takes seconds to come back to where the shard refused."""
    pace, now = Pace(0.0), 0.0
    pace.throttled(0.0)
    while now < 3.0:
        now += pace.wait_s(now) + 1e-6
        pace.spend(25_000, now)
        pace.wait_s(now)
        pace.accepted(now)
    assert pace.share == pytest.approx(1.0, abs=0.05)


@given(st.lists(st.tuples(st.sampled_from("ats"), st.floats(0, 3), st.integers(1, 2_000_000)), max_size=200))
def test_the_rate_stays_within_bounds(events: list[tuple[str, float, int]]) -> None:
    """Whatever happens, a shard is neither given up nor sent without limit, and no wait is long."""
    pace, now = Pace(0.0), 0.0
    for event, passed_s, size in events:
        now += passed_s
        if event == "a":
            pace.accepted(now)
        elif event == "t":
            pace.throttled(now)
        else:
            pace.spend(size, now)
        assert SHARE_MIN <= pace.share <= SHARE_MAX
        assert PARCEL_BYTES_MIN <= pace.parcel_bytes_max <= PARCEL_BYTES_MAX
        assert 0 <= pace.wait_s(now) <= DEBT_S_MAX / 0.7 + 1e-6


def test_a_parcel_is_a_quarter_of_a_second_at_most() -> None:
    """A slow shard takes small parcels, since a full one would find no room in it."""
    pace = Pace(0.0)
    assert pace.parcel_bytes_max == 250_000
    pace.throttled(0.0)
    assert pace.parcel_bytes_max == 175_000
    for second in range(1, 30):
        pace.throttled(float(second))
    assert pace.parcel_bytes_max == PARCEL_BYTES_MIN


def test_a_throttle_takes_what_was_saved_up() -> None:
    """One parcel may try; the next one waits, however much of the last second was unused."""
    pace = Pace(0.0)
    pace.throttled(0.0)
    assert pace.wait_s(0.0) == 0.0
    pace.spend(10_000, 0.0)
    assert pace.wait_s(0.0) > 0.01
