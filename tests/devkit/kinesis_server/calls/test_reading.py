"""GetShardIterator and GetRecords as pure functions."""

from base64 import b64decode, b64encode
from typing import Any

import pytest
from devkit.kinesis_server.state.account import Account
from devkit.kinesis_server.state.shard import Keep

from tests.devkit.kinesis_server.builders import NOON, SHARDS, STREAM, HandClock, call, new_record, refusal

MIB = 1 << 20


def _store(account: Account, *data: bytes, shard_id: str = SHARDS[0]) -> list[str]:
    stream = account.stream(STREAM)
    shard = stream.shard(shard_id)
    return [stream.store(shard, new_record(datum), account.clock()).sequence_number for datum in data]


def _iterator(account: Account, kind: str, shard_id: str = SHARDS[0], **place: Any) -> str:
    request = {"StreamName": STREAM, "ShardId": shard_id, "ShardIteratorType": kind, **place}
    iterator: str = call(account, "GetShardIterator", **request)["ShardIterator"]
    return iterator


def _read(account: Account, iterator: str, **stream_limits: int) -> Any:
    return call(account, "GetRecords", ShardIterator=iterator, **stream_limits)


def _data(answer: Any) -> list[bytes]:
    return [b64decode(record["Data"], validate=True) for record in answer["Records"]]


def test_a_record_is_read_as_it_was_put(account: Account) -> None:
    """Any bytes, the key, the number of the acknowledgement, and when it arrived."""
    data = bytes(range(256)) + b"\xfb\xff"
    (number,) = _store(account, data)
    record = _read(account, _iterator(account, "TRIM_HORIZON"))["Records"][0]
    assert b64decode(record["Data"], validate=True) == data
    assert (record["SequenceNumber"], record["PartitionKey"]) == (number, "key")
    assert record["ApproximateArrivalTimestamp"] == NOON


def test_members_of_records_may_be_left_out(account: Account) -> None:
    _store(account, b"a")
    account.faults.left_out = frozenset({"PartitionKey", "Data"})
    (record,) = _read(account, _iterator(account, "TRIM_HORIZON"))["Records"]
    assert record.keys() == {"SequenceNumber", "ApproximateArrivalTimestamp"}
    account.faults.clear()
    (record,) = _read(account, _iterator(account, "TRIM_HORIZON"))["Records"]
    assert record.keys() > {"PartitionKey", "Data"}


def test_a_shard_is_read_to_its_tip_and_on(account: Account) -> None:
    """Each answer's iterator continues behind its last record, also where there was none."""
    _store(account, b"a", b"b", b"c")
    first = _read(account, _iterator(account, "TRIM_HORIZON"), Limit=2)
    second = _read(account, first["NextShardIterator"])
    empty = _read(account, second["NextShardIterator"])
    _store(account, b"d")
    assert [_data(answer) for answer in (first, second, empty)] == [[b"a", b"b"], [b"c"], []]
    assert _data(_read(account, empty["NextShardIterator"])) == [b"d"]
    assert _data(_read(account, first["NextShardIterator"])) == [b"c", b"d"], "an iterator may be used again"


def test_every_place_can_be_begun_at(account: Account, clock: HandClock) -> None:
    """The horizon, the tip, a number, the place behind it, a moment."""
    numbers = []
    for datum in (b"a", b"b", b"c"):
        numbers += _store(account, datum)
        clock.now += 10
    begun = {
        "horizon": _iterator(account, "TRIM_HORIZON"),
        "at": _iterator(account, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]),
        "after": _iterator(account, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1]),
        "after the last": _iterator(account, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[2]),
        "moment": _iterator(account, "AT_TIMESTAMP", Timestamp=NOON + 5),
        "exact moment": _iterator(account, "AT_TIMESTAMP", Timestamp=NOON + 20),
        "latest": _iterator(account, "LATEST"),
    }
    _store(account, b"d")
    assert {name: b"".join(_data(_read(account, iterator))) for name, iterator in begun.items()} == {
        "horizon": b"abcd",
        "at": b"bcd",
        "after": b"cd",
        "after the last": b"d",
        "moment": b"bcd",
        "exact moment": b"cd",
        "latest": b"d",
    }


def test_starting_and_ending_numbers_are_places_too(account: Account, clock: HandClock) -> None:
    """As the list of shards gives them."""
    _store(account, b"a")
    account.stream(STREAM).split(SHARDS[0], clock.now)
    numbers = call(account, "ListShards", StreamName=STREAM)["Shards"][0]["SequenceNumberRange"]
    start = _iterator(account, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers["StartingSequenceNumber"])
    end = _iterator(account, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers["EndingSequenceNumber"])
    assert (_data(_read(account, start)), _data(_read(account, end))) == ([b"a"], [])


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"ShardIteratorType": "AT_SEQUENCE_NUMBER"}, "InvalidArgumentException"),
        ({"ShardIteratorType": "LATEST", "StartingSequenceNumber": "1"}, "InvalidArgumentException"),
        ({"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": "1"}, "InvalidArgumentException"),
        ({"ShardIteratorType": "AT_TIMESTAMP"}, "InvalidArgumentException"),
        ({"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": NOON + 60}, "InvalidArgumentException"),
        ({"ShardIteratorType": "NOW"}, "ValidationException"),
        ({"ShardIteratorType": "LATEST", "ShardId": SHARDS[7]}, "ResourceNotFoundException"),
    ],
)
def test_a_place_that_does_not_exist_is_refused(account: Account, request_: dict[str, Any], code: str) -> None:
    """With AWS's types of error."""
    request = {"StreamName": STREAM, "ShardId": SHARDS[0]} | request_
    assert refusal(account, "GetShardIterator", **request).code == code


def test_an_answer_holds_ten_thousand_records_or_ten_megabytes(account: Account) -> None:
    """Whichever comes first; Limit asks for fewer and cannot ask for more."""
    _store(account, *[b"x"] * 10_001)
    _store(account, *[b"x" * MIB] * 11, shard_id=SHARDS[1])
    many, large = _iterator(account, "TRIM_HORIZON"), _iterator(account, "TRIM_HORIZON", SHARDS[1])
    assert len(_read(account, many)["Records"]) == 10_000
    assert len(_read(account, many, Limit=7)["Records"]) == 7
    assert len(_read(account, large)["Records"]) == 9, "keys count, so ten do not fit"
    assert refusal(account, "GetRecords", ShardIterator=many, Limit=10_001).code == "ValidationException"


def test_lag_is_the_age_of_what_was_read_and_zero_only_at_the_tip(account: Account, clock: HandClock) -> None:
    """Also right after the records arrived."""
    _store(account, b"a")
    clock.now += 60
    _store(account, b"b", b"c")
    iterator = _iterator(account, "TRIM_HORIZON")
    assert _read(account, iterator, Limit=1)["MillisBehindLatest"] == 60_000
    assert _read(account, iterator, Limit=2)["MillisBehindLatest"] == 1
    assert _read(account, iterator)["MillisBehindLatest"] == 0
    assert _read(account, _iterator(account, "LATEST"))["MillisBehindLatest"] == 0


def test_a_closed_shard_ends_with_its_children(account: Account, clock: HandClock) -> None:
    """The answer with its last record has no further iterator; before that it has one and no children."""
    _store(account, b"a", b"b")
    iterator = _iterator(account, "TRIM_HORIZON")
    account.stream(STREAM).split(SHARDS[0], clock.now)
    first = _read(account, iterator, Limit=1)
    assert first["NextShardIterator"]
    assert "ChildShards" not in first
    last = _read(account, first["NextShardIterator"])
    assert (_data(last), last["NextShardIterator"], last["MillisBehindLatest"]) == ([b"b"], None, 0)
    assert [(child["ShardId"], child["ParentShards"]) for child in last["ChildShards"]] == [
        (SHARDS[4], [SHARDS[0]]),
        (SHARDS[5], [SHARDS[0]]),
    ]


def test_both_parents_of_a_merge_name_the_child(account: Account, clock: HandClock) -> None:
    """The child has two parents and both their hash keys."""
    account.stream(STREAM).merge(SHARDS[1], SHARDS[2], clock.now)
    for parent in SHARDS[1:3]:
        (child,) = _read(account, _iterator(account, "LATEST", parent))["ChildShards"]
        assert (child["ShardId"], child["ParentShards"]) == (SHARDS[4], SHARDS[1:3])
        assert int(child["HashKeyRange"]["EndingHashKey"]) + 1 == 3 << 126


def test_iterators_live_five_minutes(account: Account, clock: HandClock) -> None:
    """A new one comes with each answer; all may be expired at once."""
    first = _iterator(account, "TRIM_HORIZON")
    clock.now += 299
    second = _read(account, first)["NextShardIterator"]
    clock.now += 2
    assert refusal(account, "GetRecords", ShardIterator=first).code == "ExpiredIteratorException"
    third = _read(account, second)["NextShardIterator"]
    account.expire_iterators()
    assert refusal(account, "GetRecords", ShardIterator=third).code == "ExpiredIteratorException"
    _read(account, _iterator(account, "LATEST"))


@pytest.mark.parametrize("iterator", ["nonsense", "????", b64encode(b'["txn",1]').decode(), "\u00e4"])
def test_what_is_no_iterator_is_refused(account: Account, iterator: str) -> None:
    """Whatever its form."""
    assert refusal(account, "GetRecords", ShardIterator=iterator).code == "InvalidArgumentException"


def test_an_iterator_does_not_read_another_stream_of_the_same_name(account: Account, clock: HandClock) -> None:
    """The stream was deleted and made again."""
    iterator = _iterator(account, "TRIM_HORIZON")
    call_without_answer(account, "DeleteStream")
    assert refusal(account, "GetRecords", ShardIterator=iterator).code == "ResourceNotFoundException"
    clock.now += 1
    account.create(STREAM, 1)
    assert refusal(account, "GetRecords", ShardIterator=iterator).code == "InvalidArgumentException"


def call_without_answer(account: Account, operation: str) -> None:
    assert call(account, operation, StreamName=STREAM) is None


def test_reads_are_limited_a_shard(account: Account, clock: HandClock) -> None:
    """Five a second, whole calls refused, the neighbour unharmed."""
    account.stream_limits.enabled = True
    iterator, other = _iterator(account, "LATEST"), _iterator(account, "LATEST", SHARDS[1])
    for _ in range(5):
        _read(account, iterator)
    assert refusal(account, "GetRecords", ShardIterator=iterator).code == "ProvisionedThroughputExceededException"
    _read(account, other)
    clock.now += 0.2
    _read(account, iterator)


def test_two_megabytes_a_second_are_given_out(account: Account, clock: HandClock) -> None:
    """A large read is given at once and silences the shard until it is paid off."""
    _store(account, *[b"x" * MIB] * 8)
    account.stream_limits.enabled = True
    iterator = _iterator(account, "TRIM_HORIZON")
    assert len(_read(account, iterator)["Records"]) == 8
    clock.now += 2.9
    assert refusal(account, "GetRecords", ShardIterator=iterator).code == "ProvisionedThroughputExceededException"
    clock.now += 0.2
    _read(account, iterator, Limit=1)


def test_what_was_dropped_for_memory_is_behind_the_horizon(account: Account) -> None:
    """Reading goes on at the oldest record that is held."""
    stream = account.stream(STREAM)
    stream.shard(SHARDS[0]).keep = Keep(records_max=2)
    iterator = _iterator(account, "TRIM_HORIZON")
    _store(account, *[b"%d" % number for number in range(5)])
    assert _data(_read(account, iterator)) == [b"3", b"4"]
    assert _data(_read(account, _iterator(account, "TRIM_HORIZON"))) == [b"3", b"4"]


def test_an_iterator_at_a_dropped_record_starts_at_the_oldest_that_is_held(account: Account) -> None:
    """As Kinesis does, and says nothing of the gap: who reads must compare."""
    account.stream(STREAM).shard(SHARDS[0]).keep = Keep(records_max=2)
    numbers = _store(account, *[b"%d" % number for number in range(5)])
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        iterator = _iterator(account, kind, StartingSequenceNumber=numbers[0])
        assert _data(_read(account, iterator)) == [b"3", b"4"]
