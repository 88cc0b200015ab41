"""A stream: routing, and what splits and merges leave behind."""

import hashlib
import random
from itertools import pairwise

import pytest
from devkit.kinesis_server.errors import KinesisError
from devkit.kinesis_server.state.shard import HASH_KEY_MAX
from devkit.kinesis_server.state.stream import Stream
from devkit.kinesis_server.tally import PUT_UNIT_BYTES
from hypothesis import given
from hypothesis import strategies as st

from tests.devkit.kinesis_server.builders import NOON, SHARDS, new_record


def _stream(shards: int = 4, transition_s: float = 0.0) -> Stream:
    return Stream("s", shards, now=NOON, transition_s=transition_s)


def _assert_whole(stream: Stream) -> None:
    """The open shards share all hash keys without a gap or an overlap."""
    ranges = [shard.hash_range for shard in stream.open_shards]
    assert ranges[0].start == 0
    assert ranges[-1].end == HASH_KEY_MAX
    assert all(one.end + 1 == other.start for one, other in pairwise(ranges))


@given(key=st.text(min_size=1, max_size=256), shards=st.integers(1, 40))
def test_a_key_goes_where_its_md5_belongs(key: str, shards: int) -> None:
    """MD5 of the UTF-8 key as an unsigned integer, big end first."""
    shard = _stream(shards).route(key.encode(), None)
    assert int(hashlib.md5(key.encode()).hexdigest(), 16) in shard.hash_range


@given(hash_key=st.integers(0, HASH_KEY_MAX), shards=st.integers(1, 40))
def test_an_explicit_hash_key_overrides_the_key(hash_key: int, shards: int) -> None:
    """The key's own hash does not matter then."""
    assert hash_key in _stream(shards).route(b"key", str(hash_key)).hash_range


@given(data=st.data())
def test_reshards_leave_no_gap_and_grow_numbers(data: st.DataObject) -> None:
    """After any splits and merges each hash key has one open shard, and children follow their parents."""
    stream = _stream(2)
    for step in range(data.draw(st.integers(1, 12))):
        shards = stream.open_shards
        at = data.draw(st.integers(0, len(shards) - 1))
        if len(shards) > 1 and at > 0 and data.draw(st.booleans()):
            children = [stream.merge(shards[at].shard_id, shards[at - 1].shard_id, NOON + step / 10)]
        else:
            children = [*stream.split(shards[at].shard_id, NOON + step / 10)]
        _assert_whole(stream)
        for child in children:
            parents = [stream.shard(parent) for parent in child.parents]
            assert all(parent.closed_ms is not None for parent in parents)
            starting = int(child.sequence_range["StartingSequenceNumber"])
            assert all(int(parent.sequence_range["EndingSequenceNumber"]) < starting for parent in parents)


def test_a_split_names_its_parent_and_a_merge_both() -> None:
    """A merge's parents are in the order in which they were named."""
    stream = _stream(2)
    lower, upper = stream.split(SHARDS[0], NOON, 1 << 100)
    assert (lower.parents, upper.parents) == ((SHARDS[0],), (SHARDS[0],))
    assert upper.hash_range.start == 1 << 100
    merged = stream.merge(SHARDS[1], upper.shard_id, NOON)
    assert merged.parents == (SHARDS[1], upper.shard_id)
    assert stream.children(stream.shard(SHARDS[0])) == [lower, upper]


@pytest.mark.parametrize("new_start", [0, 1, HASH_KEY_MAX // 4, HASH_KEY_MAX])
def test_a_split_outside_the_shard_is_refused(new_start: int) -> None:
    """The hash key must lie inside, as AWS says it."""
    with pytest.raises(KinesisError, match="InvalidArgumentException"):
        _stream().split(SHARDS[0], NOON, new_start)


def test_a_closed_shard_is_neither_split_nor_merged_again() -> None:
    """It is in use no more."""
    stream = _stream()
    stream.split(SHARDS[0], NOON)
    with pytest.raises(KinesisError, match="ResourceInUseException"):
        stream.split(SHARDS[0], NOON)
    with pytest.raises(KinesisError, match="ResourceInUseException"):
        stream.merge(SHARDS[0], SHARDS[1], NOON)


def test_shards_that_do_not_adjoin_are_not_merged() -> None:
    """Nothing is closed then."""
    stream = _stream()
    with pytest.raises(KinesisError, match="not an adjacent pair"):
        stream.merge(SHARDS[0], SHARDS[2], NOON)
    assert len(stream.open_shards) == 4


def test_a_stream_takes_its_time_to_change_when_told_to() -> None:
    """CREATING, ACTIVE, UPDATING, ACTIVE; no second change before the first is over."""
    stream = _stream(transition_s=10)
    assert [stream.status(NOON + s) for s in (0, 9.9, 10)] == ["CREATING", "CREATING", "ACTIVE"]
    with pytest.raises(KinesisError, match="CREATING"):
        stream.split(SHARDS[0], NOON)
    stream.split(SHARDS[0], NOON + 20)
    assert [stream.status(NOON + s) for s in (20, 29.9, 30)] == ["UPDATING", "UPDATING", "ACTIVE"]
    with pytest.raises(KinesisError, match="UPDATING"):
        stream.split(SHARDS[1], NOON + 29)


def test_something_may_happen_at_the_very_record() -> None:
    """What waits for a count happens once, before the next record, in order."""
    stream, order = _stream(1), []
    stream.when_stored(3, lambda: order.append("third"))
    stream.when_stored(2, lambda: order.append("second"))
    stream.when_stored(3, lambda: order.append("third again"))
    for number in range(5):
        stream.store(stream.open_shards[0], new_record(), NOON)
        order.append(str(number + 1))
    assert order == ["1", "second", "2", "third", "third again", "3", "4", "5"]


def test_a_moment_that_cannot_happen_is_loud() -> None:
    """It is not mistaken for an error of the client whose record was the last one."""
    stream = _stream(1)
    stream.when_stored(1, lambda: stream.merge(SHARDS[0], SHARDS[1], NOON))
    with pytest.raises(RuntimeError, match="cannot"):
        stream.store(stream.open_shards[0], new_record(), NOON)


def test_sums_are_those_of_all_shards() -> None:
    """Also of closed ones. A record pays for each 25 KB that it begins."""
    stream = _stream(2)
    for size in (1, PUT_UNIT_BYTES - 3, PUT_UNIT_BYTES, 1_022):
        stream.store(stream.shard(SHARDS[0]), new_record(b"x" * size), NOON)
    stream.split(SHARDS[0], NOON)
    stored = stream.stored
    assert (stored.records, stored.put_units, stored.billed_kib) == (4, 5, 1 + 25 + 26 + 2)
    assert stored.bytes == sum(record.size for record in stream.records())


def test_another_shard_is_another_one_if_there_is_one() -> None:
    """With one shard there is no elsewhere."""
    rng = random.Random(1)
    stream, alone = _stream(3), _stream(1)
    first = stream.open_shards[0]
    assert {stream.another(first, rng).shard_id for _ in range(50)} == {SHARDS[1], SHARDS[2]}
    assert alone.another(alone.open_shards[0], rng) is alone.open_shards[0]
