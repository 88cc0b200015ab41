"""Which shard a record will land on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_kinesis import FakeKinesis, client_error, hash_key_of
from tests.support.virtual_time import run_in_virtual_time
from tests.txn_core.kinesis.builders import shard_map
from txn_core.exceptions import StoreError
from txn_core.kinesis.shard_map import HASH_KEY_MAX, OpenShard, ShardMap
from txn_core.positions import ShardId


def shard(name: str, start: int, end: int = HASH_KEY_MAX) -> OpenShard:
    """A shard and its range."""
    return OpenShard(ShardId(name), start, end)


@given(
    key=st.text(st.characters(codec="utf-8"), min_size=1, max_size=64),
    bounds=st.sets(st.integers(1, HASH_KEY_MAX), max_size=6),
)
def test_the_owner_of_the_hash_takes_a_key(key: str, bounds: set[int]) -> None:
    """However the ranges are cut, the shard is the one whose range holds the MD5 of the key."""
    starts = [0, *sorted(bounds)]
    ends = [*(start - 1 for start in starts[1:]), HASH_KEY_MAX]
    found = ShardMap(shard(f"{start:x}", start, end) for start, end in zip(starts, ends, strict=True)).shard_of(key)
    assert found.start <= hash_key_of(key) <= found.end


def test_the_explicit_hash_key_leads_to_the_shard() -> None:
    """It is a decimal number within the range."""
    for each in shard_map(5).shards:
        assert each.start <= int(each.explicit_hash_key) <= each.end


@pytest.mark.parametrize(
    "shards",
    [
        [],
        [shard("a", 1)],
        [shard("a", 0, HASH_KEY_MAX - 1)],
        [shard("a", 0, 10), shard("b", 12)],
        [shard("a", 0, 10), shard("b", 10)],
        [shard("a", 0), shard("b", 0, 10)],
    ],
)
def test_gaps_and_overlaps_are_refused(shards: list[OpenShard]) -> None:
    """A listing made in the middle of a reshard routes nothing."""
    with pytest.raises(ValueError, match="every hash key once"):
        ShardMap(shards)


def test_equality_is_that_of_the_shards() -> None:
    """The order of a listing does not make another map, a split does."""
    kinesis = FakeKinesis(shard_count=2)
    before = shard_map(kinesis=kinesis)
    assert before == ShardMap(reversed(before.shards))
    kinesis.split(1)
    assert before != shard_map(kinesis=kinesis)
    assert before != "a map"


def test_all_pages_are_listed_and_closed_shards_left_out() -> None:
    """After reshards the map holds the open shards alone, from however many pages."""
    kinesis = FakeKinesis(shard_count=3)
    kinesis.split(0)
    kinesis.merge(2)
    loaded = run_in_virtual_time(ShardMap.load(kinesis.client, "stream"))
    assert loaded == shard_map(kinesis=kinesis)
    assert [each.shard_id in loaded for each in kinesis.shards] == [each.open for each in kinesis.shards]


def test_a_listing_that_does_not_add_up_is_an_error() -> None:
    """It is told apart from an answer that never came."""
    kinesis = FakeKinesis(shard_count=2)
    del kinesis.shards[1]
    with pytest.raises(StoreError, match="every hash key once"):
        run_in_virtual_time(ShardMap.load(kinesis.client, "stream"))
    kinesis.listing_errors.append(client_error("ResourceNotFoundException"))
    with pytest.raises(Exception, match="ResourceNotFoundException"):
        run_in_virtual_time(ShardMap.load(kinesis.client, "stream"))
