"""Whether shards are doubled or halved: by hand-made loads."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from operations.shards.reshard_plan import COOL_OFF, DAY, ShardPeak, StreamLoad, plan_of
from txn_core.positions import ShardId

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def load(peak_per_s: float, shards: int, *, hottest: float = 0.0) -> StreamLoad:
    """A day's load of 1,000 bytes an event, read by two drains; the first shard had `hottest` at most."""
    peaks = [ShardPeak(ShardId(f"shardId-{number:012d}"), peak_per_s / shards) for number in range(shards)]
    peaks[0] = replace(peaks[0], per_s=max(hottest, peaks[0].per_s))
    return StreamLoad(
        NOON - DAY, peak_per_s, peaks, (), is_changing=False, event_bytes=1_000.0, readers=2, scores=False
    )


@pytest.mark.parametrize(
    ("peak_per_s", "shards", "action", "target", "needed"),
    [
        (2_500.0, 4, "none", 4, 4),
        (2_501.0, 4, "double", 8, 5),
        (50_000.0, 4, "double", 8, 80),
        (2_000.0, 16, "halve", 8, 4),
        (3_750.0, 16, "halve", 8, 6),
        (3_751.0, 16, "none", 16, 7),
        (625.0, 1, "none", 1, 1),
        (626.0, 1, "double", 2, 2),
        (0.0, 8, "halve", 4, 1),
        (0.0, 10, "halve", 5, 1),
        (0.0, 9, "none", 9, 1),
        (0.0, 6, "none", 6, 1),
    ],
)
def test_a_load_asks_for_shards(peak_per_s: float, shards: int, action: str, target: int, needed: int) -> None:
    """A shard carries 1,000 events a second, a stream 1.6 times its peak; half must do with 0.8 of themselves."""
    plan = plan_of(load(peak_per_s, shards), NOON)
    assert (plan.action, plan.target, plan.needed) == (action, target, needed)


def test_a_shard_that_is_too_full_is_reason_enough() -> None:
    assert plan_of(load(2_000.0, 4, hottest=1_000.0), NOON).action == "none"
    plan = plan_of(load(2_000.0, 4, hottest=1_001.0), NOON)
    assert (plan.action, plan.target) == ("double", 8)
    assert "shardId-000000000000" in plan.why


def test_half_of_a_day_is_not_enough_to_halve() -> None:
    short = replace(load(100.0, 16), since=NOON - timedelta(hours=23))
    plan = plan_of(short, NOON)
    assert plan.action == "none"
    assert "--since 1d" in plan.why


def test_one_change_a_cool_off() -> None:
    high = load(9_000.0, 4)
    changed = replace(high, reshards=(NOON - timedelta(hours=3), NOON - COOL_OFF + timedelta(minutes=1)))
    plan = plan_of(changed, NOON)
    assert (plan.action, plan.target) == ("wait", 8)
    assert plan.why.startswith("to double:")
    assert "12:01Z" in plan.why
    assert plan_of(changed, NOON + timedelta(minutes=1)).action == "double"
    assert plan_of(changed, NOON + timedelta(minutes=1), cool_off=timedelta(hours=1)).action == "wait"


def test_ten_changes_a_day() -> None:
    """Of UpdateShardCount's ten in any 24 hours the oldest has to be a day old before the next one."""
    moments = tuple(NOON - timedelta(hours=2 * number + 1) for number in range(10))
    full = replace(load(9_000.0, 4), reshards=moments)
    assert plan_of(full, NOON).action == "wait"
    assert "17:00Z" in plan_of(full, NOON).why
    assert plan_of(full, NOON + timedelta(hours=5)).action == "double"


def test_nothing_is_begun_while_shards_are_being_changed() -> None:
    assert plan_of(replace(load(9_000.0, 4), is_changing=True), NOON).action == "wait"
    assert plan_of(replace(load(900.0, 4), is_changing=True), NOON).action == "none"
