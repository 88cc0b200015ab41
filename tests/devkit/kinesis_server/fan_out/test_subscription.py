"""Consumers and the events of their subscriptions, as pure functions of state and clock."""

import json
from base64 import b64decode
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from devkit.kinesis_server.calls.operations import carry_out
from devkit.kinesis_server.fan_out.consumers import CONSUMERS_MAX
from devkit.kinesis_server.fan_out.subscription import Subscription
from devkit.kinesis_server.state.account import Account
from pydantic_core import to_json

from tests.devkit.kinesis_server.builders import SHARDS, STREAM, HandClock, call, new_record, refusal

MIB = 1 << 20


@pytest.fixture
def arn(account: Account) -> str:
    """The ARN of a consumer."""
    return _register(account, "reader")["ConsumerARN"]


def _register(account: Account, name: str) -> dict[str, str]:
    request = {"StreamARN": account.stream(STREAM).arn, "ConsumerName": name}
    consumer: dict[str, str] = call(account, "RegisterStreamConsumer", **request)["Consumer"]
    return consumer


def _request(arn: str, kind: str = "TRIM_HORIZON", **place: Any) -> dict[str, Any]:
    return {"ConsumerARN": arn, "ShardId": SHARDS[0], "StartingPosition": {"Type": kind, **place}}


def _subscribe(account: Account, arn: str, kind: str = "TRIM_HORIZON", **place: Any) -> Subscription:
    answer = carry_out(account, "SubscribeToShard", to_json(_request(arn, kind, **place)))
    assert isinstance(answer.subscription, Subscription)
    return answer.subscription


def _store(account: Account, *data: bytes) -> list[str]:
    stream = account.stream(STREAM)
    shard = stream.shard(SHARDS[0])
    return [stream.store(shard, new_record(datum), account.clock()).sequence_number for datum in data]


def _next(subscription: Subscription) -> Any:
    """The next event's document, or the type of the exception; None where none is due."""
    if (framed := subscription.next()) is None:
        return None
    buffer: Any = EventStreamBuffer()
    buffer.add_data(framed)
    (message,) = buffer
    return message.headers.get(":exception-type") or json.loads(message.payload)


def _data(event: Any) -> list[bytes]:
    return [b64decode(record["Data"], validate=True) for record in event["Records"]]


def test_a_consumer_is_registered_found_and_forgotten(account: Account, clock: HandClock) -> None:
    """By its ARN and by its name, and once a name."""
    consumer = _register(account, "reader")
    stream_arn = account.stream(STREAM).arn
    assert consumer["ConsumerARN"].startswith(f"{stream_arn}/consumer/reader:")
    by_name = call(account, "DescribeStreamConsumer", StreamARN=stream_arn, ConsumerName="reader")
    by_arn = call(account, "DescribeStreamConsumer", ConsumerARN=consumer["ConsumerARN"])
    assert by_name == by_arn == {"ConsumerDescription": consumer | {"StreamARN": stream_arn}}
    again = refusal(account, "RegisterStreamConsumer", StreamARN=stream_arn, ConsumerName="reader")
    assert again.code == "ResourceInUseException"
    assert call(account, "ListStreamConsumers", StreamARN=stream_arn) == {"Consumers": [consumer]}
    summary = call(account, "DescribeStreamSummary", StreamName=STREAM)["StreamDescriptionSummary"]
    assert summary["ConsumerCount"] == 1
    call(account, "DeregisterStreamConsumer", ConsumerARN=consumer["ConsumerARN"])
    gone = refusal(account, "DescribeStreamConsumer", ConsumerARN=consumer["ConsumerARN"])
    assert gone.code == "ResourceNotFoundException"


def test_a_stream_has_twenty_consumers_at_most(account: Account) -> None:
    for number in range(CONSUMERS_MAX):
        _register(account, f"reader-{number}")
    request = {"StreamARN": account.stream(STREAM).arn, "ConsumerName": "one-more"}
    assert refusal(account, "RegisterStreamConsumer", **request).code == "LimitExceededException"


def test_a_subscription_gives_what_stands_in_the_shard_and_what_comes(account: Account, arn: str) -> None:
    """The numbers to go on with are those of the last records."""
    numbers = _store(account, b"a", b"b")
    subscription = _subscribe(account, arn)
    first = _next(subscription)
    assert (_data(first), first["ContinuationSequenceNumber"]) == ([b"a", b"b"], numbers[-1])
    assert first["MillisBehindLatest"] == 0
    assert _next(subscription) is None
    numbers = _store(account, b"c")
    assert _next(subscription)["ContinuationSequenceNumber"] == numbers[-1]


def test_every_place_can_be_subscribed_from(account: Account, arn: str, clock: HandClock) -> None:
    numbers = _store(account, b"a", b"b", b"c")
    wanted: dict[str, tuple[dict[str, Any], list[bytes]]] = {
        "TRIM_HORIZON": ({}, [b"a", b"b", b"c"]),
        "AT_SEQUENCE_NUMBER": ({"SequenceNumber": numbers[1]}, [b"b", b"c"]),
        "AFTER_SEQUENCE_NUMBER": ({"SequenceNumber": numbers[1]}, [b"c"]),
        "LATEST": ({}, []),
        "AT_TIMESTAMP": ({"Timestamp": clock.now}, [b"a", b"b", b"c"]),
    }
    for kind, (place, data) in wanted.items():
        assert _data(_next(_subscribe(account, arn, kind, **place))) == data, kind
        clock.now += 5


def test_the_tip_is_told_of_now_and_then(account: Account, arn: str, clock: HandClock) -> None:
    """At once, since a client must know, and then once in a while."""
    subscription = _subscribe(account, arn)
    assert (_data(_next(subscription)), _next(subscription)) == ([], None)
    clock.now += account.options.heartbeat_s
    assert _next(subscription)["MillisBehindLatest"] == 0
    assert _next(subscription) is None


def test_a_subscription_ends_after_five_minutes(account: Account, arn: str, clock: HandClock) -> None:
    subscription = _subscribe(account, arn)
    clock.now += 299
    _next(subscription)
    assert not subscription.over
    clock.now += 1
    _store(account, b"too late for it")
    assert (_next(subscription), subscription.over) == (None, True)
    younger = _subscribe(account, arn)
    account.expire_subscriptions()
    assert (_next(younger), younger.over) == (None, True)


def test_a_closed_shard_ends_with_its_children(account: Account, arn: str, clock: HandClock) -> None:
    subscription = _subscribe(account, arn)
    _store(account, b"last")
    account.stream(STREAM).split(SHARDS[0], clock.now)
    event = _next(subscription)
    assert (_data(event), subscription.over) == ([b"last"], True)
    assert [child["ShardId"] for child in event["ChildShards"]] == SHARDS[4:6]
    assert "ContinuationSequenceNumber" not in event


def test_a_second_subscription_takes_over_only_after_five_seconds(
    account: Account, arn: str, clock: HandClock
) -> None:
    """Within a second it is even too many calls; the one before ends in the same code."""
    first = _subscribe(account, arn)
    clock.now += 0.5
    assert refusal(account, "SubscribeToShard", **_request(arn)).code == "LimitExceededException"
    clock.now += 4.4
    assert refusal(account, "SubscribeToShard", **_request(arn)).code == "ResourceInUseException"
    clock.now += 1.1
    second = _subscribe(account, arn)
    assert (_next(first), first.over) == ("ResourceInUseException", True)
    assert (_data(_next(second)), second.over) == ([], False)


def test_one_that_has_ended_is_not_followed_within_five_seconds_either(
    account: Account, arn: str, clock: HandClock
) -> None:
    """What counts is the last call that succeeded."""
    _subscribe(account, arn)
    account.expire_subscriptions()
    clock.now += 4.9
    assert refusal(account, "SubscribeToShard", **_request(arn)).code == "ResourceInUseException"


def test_a_consumer_is_not_subscribed_while_it_is_made(clock: HandClock) -> None:
    from devkit.kinesis_server.state.account import Options

    account = Account(clock=clock, options=Options(transition_s=2.0))
    account.create(STREAM, 1)
    clock.now += 2
    consumer = _register(account, "reader")
    assert consumer["ConsumerStatus"] == "CREATING"
    assert refusal(account, "SubscribeToShard", **_request(consumer["ConsumerARN"])).code == "ResourceInUseException"
    clock.now += 2
    _subscribe(account, consumer["ConsumerARN"])


@pytest.mark.parametrize("forget", ["DeregisterStreamConsumer", "DeleteStream"])
def test_without_its_consumer_or_stream_a_subscription_ends(account: Account, arn: str, forget: str) -> None:
    subscription = _subscribe(account, arn)
    call(account, forget, **({"ConsumerARN": arn} if forget[2] == "r" else {"StreamName": STREAM}))
    assert (_next(subscription), subscription.over) == ("ResourceNotFoundException", True)
    assert refusal(account, "SubscribeToShard", **_request(arn)).code == "ResourceNotFoundException"


def test_each_consumer_has_two_megabytes_a_second_of_its_own(account: Account, arn: str, clock: HandClock) -> None:
    """Another consumer, and those who poll, take nothing of it."""
    _store(account, *[b"x" * (MIB // 2)] * 12)
    account.stream_limits.enabled = True
    others = _subscribe(account, _register(account, "other")["ConsumerARN"])
    subscription = _subscribe(account, arn)
    request = {"StreamName": STREAM, "ShardId": SHARDS[0], "ShardIteratorType": "TRIM_HORIZON"}
    call(account, "GetRecords", ShardIterator=call(account, "GetShardIterator", **request)["ShardIterator"])
    for one in (others, subscription):
        given = 0
        while (event := _next(one)) is not None and event["Records"]:
            given += len(event["Records"])
        assert given == 4, "a second's worth"
    clock.now += 0.6
    assert len(_data(_next(subscription))) == 1
    assert not subscription.over


def test_members_of_records_may_be_left_out(account: Account, arn: str) -> None:
    _store(account, b"a")
    account.faults.left_out = frozenset({"PartitionKey"})
    (record,) = _next(_subscribe(account, arn))["Records"]
    assert record.keys() == {"SequenceNumber", "ApproximateArrivalTimestamp", "Data"}
