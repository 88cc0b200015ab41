"""The load of a stream, from counts of minutes."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from operations.shards.stream_load import ListedShard, load_of, reshards_of
from txn_core.positions import ShardId
from workers.leases.ledger import Minute

SINCE = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def shard(number: int, counts: Mapping[str, int], *, is_open: bool = True, has_parents: bool = False) -> ListedShard:
    """A shard by its number, with counts by time of day."""
    minutes = {Minute(f"2026-01-02T{moment}"): count for moment, count in counts.items()}
    return ListedShard(ShardId(f"shardId-{number:012d}"), has_parents, is_open, minutes)


def test_the_busiest_minute_is_of_all_shards_and_the_busiest_shard_is_open() -> None:
    """A parent's minutes count for the stream; what came before is not looked at."""
    shards = [
        shard(0, {"11:59": 90_000, "12:00": 6_000, "12:01": 600}, is_open=False),
        shard(1, {"12:00": 3_000, "12:01": 3_000}),
        shard(2, {"12:01": 4_800}),
        shard(3, {}),
    ]
    load, busiest = load_of(shards, SINCE, is_changing=False, event_bytes=900.0, readers=2, scores=False)
    assert busiest == "2026-01-02T12:00"
    assert load.peak_per_s == 150.0
    assert (load.hottest.shard_id, load.hottest.per_s) == ("shardId-000000000002", 80.0)
    assert [peak.per_s for peak in load.shards] == [50.0, 80.0, 0.0]


def test_nothing_that_arrived_is_no_load() -> None:
    load, busiest = load_of([shard(0, {})], SINCE, is_changing=False, event_bytes=900.0, readers=2, scores=False)
    assert busiest is None
    assert load.peak_per_s == 0.0


@pytest.mark.parametrize(
    ("begins", "changes"),
    [
        ([], []),
        (["10:00"], ["10:00"]),
        (["10:00", "10:14"], ["10:00"]),
        (["10:00", "10:15", "10:16", "11:00"], ["10:00", "10:15", "11:00"]),
    ],
)
def test_a_change_is_a_group_of_shards_with_parents(begins: list[str], changes: list[str]) -> None:
    first = shard(0, {"09:00": 1}, is_open=False)
    children = [
        shard(number, {begin: 1, "11:30": 1}, has_parents=True) for number, begin in enumerate(begins, start=1)
    ]
    found = reshards_of([first, *children, shard(99, {}, has_parents=True)])
    assert [moment.strftime("%H:%M") for moment in found] == changes
