"""PutRecords and PutRecord as pure functions: limits, landings, throttles, and records with a fate."""

from base64 import b64encode
from typing import Any

import pytest
from devkit.kinesis_server.fates import RecordFate
from devkit.kinesis_server.state.account import Account
from devkit.kinesis_server.state.shard import HASH_KEY_MAX, StoredRecord

from devkit.kinesis_server import fates
from tests.devkit.kinesis_server.builders import SHARDS, STREAM, HandClock, call, refusal

MIB = 1 << 20


def _entry(data: bytes = b"data", key: str = "key", hash_key: int | None = None) -> dict[str, str]:
    entry = {"Data": b64encode(data).decode(), "PartitionKey": key}
    return entry if hash_key is None else entry | {"ExplicitHashKey": str(hash_key)}


def _put(account: Account, *entries: dict[str, str]) -> Any:
    return call(account, "PutRecords", StreamName=STREAM, Records=entries)


def _on_shard(index: int, data: bytes = b"data") -> dict[str, str]:
    return _entry(data, hash_key=index * (HASH_KEY_MAX + 1) // 4)


def _held(account: Account) -> list[StoredRecord]:
    return list(account.stream(STREAM).records())


def test_records_land_where_they_belong_in_the_order_of_the_request(account: Account, clock: HandClock) -> None:
    """Each result names the shard and a number that is greater than the shard's last one."""
    answer = _put(account, *[_on_shard(index, b"%d" % index) for index in (2, 0, 2, 3, 2)])
    assert answer["FailedRecordCount"] == 0
    assert [result["ShardId"] for result in answer["Records"]] == [SHARDS[i] for i in (2, 0, 2, 3, 2)]
    numbers = [int(result["SequenceNumber"]) for result in answer["Records"] if result["ShardId"] == SHARDS[2]]
    assert numbers == sorted(set(numbers))
    record = account.stream(STREAM).shard(SHARDS[3]).records[0]
    assert (record.data, record.partition_key, record.explicit_hash_key) == (b"3", "key", str(3 << 126))
    assert record.arrived_ms == int(clock.now * 1000)
    assert not record.acknowledged


def test_data_in_base64_is_read_as_every_client_writes_it(account: Account) -> None:
    """The standard alphabet, with padding."""
    data = [bytes(range(256))[:length] for length in (0, 1, 2, 3, 255, 256)] + [b"\xff\xfe\xfb"]
    _put(account, *[_entry(datum, hash_key=0) for datum in data])
    assert [record.data for record in _held(account)] == data


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"Records": []}, "ValidationException"),
        ({"Records": [_entry()] * 501}, "ValidationException"),
        ({"Records": [_entry(key="")]}, "ValidationException"),
        ({"Records": [_entry(key="k" * 257)]}, "ValidationException"),
        ({"Records": [_entry() | {"ExplicitHashKey": "-1"}]}, "ValidationException"),
        ({"Records": [_entry(hash_key=HASH_KEY_MAX + 1)]}, "InvalidArgumentException"),
        ({"Records": [{"PartitionKey": "key"}]}, "ValidationException"),
        ({"Records": [_entry() | {"Data": "?"}]}, "SerializationException"),
        ({"Records": [_entry() | {"PartitionKey": 5}]}, "SerializationException"),
        ({"Records": [_entry(b"x" * MIB)]}, "ValidationException"),
        ({"Records": [_entry(), _entry(b"x" * (MIB - 2))]}, "ValidationException"),
        ({"Records": [_entry(b"x" * (MIB - 100))] * 6}, "InvalidArgumentException"),
        ({"Records": [_entry()], "StreamName": "other"}, "ResourceNotFoundException"),
        ({"Records": [_entry()], "StreamName": "not a name"}, "ValidationException"),
    ],
)
def test_a_request_that_breaks_a_limit_stores_nothing(account: Account, request_: dict[str, Any], code: str) -> None:
    """Not even those of its records that are all right."""
    assert refusal(account, "PutRecords", **{"StreamName": STREAM} | request_).code == code
    assert _held(account) == []


def test_the_largest_requests_pass(account: Account) -> None:
    """500 records; a record of 1 MiB with its key of 256 characters; 5 MiB together."""
    assert len(_put(account, *[_entry()] * 500)["Records"]) == 500
    assert _put(account, *[_entry(b"x" * (MIB - 256), "k" * 256)] * 5)["FailedRecordCount"] == 0


def test_a_stream_may_take_larger_records(account: Account) -> None:
    """The record's limit is the stream's; the request's stays."""
    call(account, "CreateStream", StreamName="large", ShardCount=1, MaxRecordSizeInKiB=4096)
    entry = _entry(b"x" * 4 * MIB)
    assert refusal(account, "PutRecords", StreamName="large", Records=[entry]).code == "ValidationException"
    entry = _entry(b"x" * (4 * MIB - 10))
    assert call(account, "PutRecord", StreamName="large", **entry)["ShardId"] == SHARDS[0]


def test_a_refusal_names_its_record(account: Account) -> None:
    """As AWS does, counted from 1."""
    message = refusal(account, "PutRecords", StreamName=STREAM, Records=[_entry(), _entry(key="")]).message
    assert "'records.2.member.partitionKey'" in message


def test_put_record_stores_one(account: Account) -> None:
    """By name or by ARN."""
    arn = account.stream(STREAM).arn
    answer = call(account, "PutRecord", StreamARN=arn, **_on_shard(1, b"one"))
    assert answer["ShardId"] == SHARDS[1]
    assert _held(account)[0].sequence_number == answer["SequenceNumber"]


def test_real_limits_throttle_records_one_by_one(account: Account, clock: HandClock) -> None:
    """A full shard refuses its own records; those of another shard behind them are stored."""
    account.stream_limits.enabled = True
    for _ in range(2):
        _put(account, *[_on_shard(0)] * 500)
    answer = _put(account, _on_shard(0), _on_shard(1), _on_shard(0))
    assert answer["FailedRecordCount"] == 2
    assert [result.get("ErrorCode") for result in answer["Records"]] == [
        "ProvisionedThroughputExceededException",
        None,
        "ProvisionedThroughputExceededException",
    ]
    assert SHARDS[0] in answer["Records"][0]["ErrorMessage"]
    assert refusal(account, "PutRecord", StreamName=STREAM, **_on_shard(0)).code == (
        "ProvisionedThroughputExceededException"
    )
    clock.now += 1 / 64
    assert _put(account, *[_on_shard(0)] * 20)["FailedRecordCount"] == 5
    assert account.stream(STREAM).shard(SHARDS[0]).stored.records == 1_015


def test_one_shard_may_be_throttled_hard(account: Account) -> None:
    """The other three notice nothing."""
    account.stream_limits.throttle(SHARDS[3], writes=0.0)
    answer = _put(account, *[_on_shard(index) for index in range(4)])
    assert [result.get("ErrorCode") is None for result in answer["Records"]] == [True, True, True, False]


def test_a_record_may_fail_with_any_code_and_be_stored_all_the_same(account: Account) -> None:
    """Throttled, failed, failed though stored, unknown: the answer says only the code."""
    for fate in (fates.RECORD_THROTTLED, fates.RECORD_FAILED, fates.RECORD_FAILED_STORED, fates.RECORD_UNKNOWN_CODE):
        account.faults.on_records(fate, times=1)
    answer = _put(account, *[_entry(b"%d" % number) for number in range(5)])
    assert [result.get("ErrorCode") for result in answer["Records"]] == [
        "ProvisionedThroughputExceededException",
        "InternalFailure",
        "InternalFailure",
        "NeverHeardOfException",
        None,
    ]
    assert answer["FailedRecordCount"] == 4
    assert [record.data for record in _held(account)] == [b"2", b"4"]


def test_put_record_ends_in_its_records_error(account: Account) -> None:
    """What is a record's error in PutRecords is the call's here."""
    account.faults.on_records(fates.RECORD_FAILED)
    error = refusal(account, "PutRecord", StreamName=STREAM, **_entry())
    assert (error.code, error.status) == ("InternalFailure", 500)


def test_a_record_may_land_on_a_shard_where_it_does_not_belong(account: Account) -> None:
    """As with a stale map in a reshard: success, and the answer says where."""
    account.faults.on_records(fates.LANDS_ELSEWHERE, times=1)
    account.faults.on_records(RecordFate(name="to the last", shard_id=SHARDS[3]), times=1)
    first, second, third = _put(account, *[_on_shard(0)] * 3)["Records"]
    assert first["ShardId"] in SHARDS[1:4]
    assert [second["ShardId"], third["ShardId"]] == [SHARDS[3], SHARDS[0]]


def test_a_distribution_may_ignore_keys(account: Account) -> None:
    """Records of one key are spread over all open shards."""
    account.faults.ignore_keys = True
    answer = _put(account, *[_entry()] * 100)
    assert {result["ShardId"] for result in answer["Records"]} == set(SHARDS[:4])


def test_a_reshard_may_happen_in_the_middle_of_a_request(account: Account, clock: HandClock) -> None:
    """Records before it are in the parent, records behind it in the children."""
    stream = account.stream(STREAM)
    stream.when_stored(3, lambda: stream.split(SHARDS[0], clock.now))
    answer = _put(account, *[_on_shard(0)] * 5)
    assert [result["ShardId"] for result in answer["Records"]] == [SHARDS[0]] * 3 + [SHARDS[4]] * 2
    assert int(answer["Records"][2]["SequenceNumber"]) < int(answer["Records"][3]["SequenceNumber"])
