"""Events of a mapping as records, and its answers; what no mapping makes is refused, and not quoted."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from devkit.user_records import UserRecord

from tests.builders import SHARD, position
from tests.workers.lambdas.event_source import Item, item_of
from txn_core.kinesis.aggregation import aggregate
from txn_core.positions import Position
from workers.lambdas.event_shape import EventShapeError
from workers.lambdas.kinesis_events import records_in, response
from workers.reading.answers import UNKNOWN_ARRIVAL
from workers.reading.read_position import records_of

STREAM = "txn-transactions"
SECRET = "9000-in-no-text"
AT = datetime(2026, 1, 2, 3, 4, 6, 123000, tzinfo=UTC)


def read(number: int, data: bytes = b"one") -> dict[str, Any]:
    """A record as GetRecords gives it."""
    return {
        "SequenceNumber": str(number),
        "Data": data,
        "PartitionKey": "card",
        "ApproximateArrivalTimestamp": AT + timedelta(milliseconds=number),
    }


def items(*records: dict[str, Any]) -> list[Item]:
    return [item_of(STREAM, SHARD, record) for record in records]


def test_an_event_gives_what_reading_the_shard_gives() -> None:
    """Aggregates are taken apart, and each arrival is the same moment."""
    raw = [read(3), read(5, aggregate([UserRecord("card", b"a"), UserRecord("card", b"b")], "0")), read(9, b"")]
    found = records_in({"Records": items(*raw)}, STREAM)
    assert list(found) == list(records_of(SHARD, raw))
    in_aggregate = [Position(SHARD, position(5).sequence_number, sub) for sub in (0, 1)]
    assert [record.position for record in found] == [position(3), *in_aggregate, position(9)]


@pytest.mark.parametrize("milliseconds", range(0, 1000, 7))
def test_an_arrival_keeps_its_millisecond(milliseconds: int) -> None:
    arrived_at = AT.replace(microsecond=milliseconds * 1000)
    (record,) = records_in({"Records": items(read(1) | {"ApproximateArrivalTimestamp": arrived_at})}, STREAM)
    assert record.arrived_at == arrived_at


def test_members_that_a_record_may_lack_are_not_missed() -> None:
    (item,) = items(read(1))
    for name in ("data", "partitionKey", "approximateArrivalTimestamp"):
        del item["kinesis"][name]
    (record,) = records_in({"Records": [item]}, STREAM)
    assert (record.data, record.arrived_at) == (b"", UNKNOWN_ARRIVAL)


def test_a_mapping_behind_a_consumer_of_its_own_names_the_stream_all_the_same() -> None:
    (item,) = items(read(1))
    item["eventSourceARN"] += "/consumer/txn-index:1767323046"
    assert len(records_in({"Records": [item]}, STREAM)) == 1


def test_no_records_are_none() -> None:
    assert len(records_in({"Records": []}, STREAM)) == 0


def _changed(**changes: Any) -> Item:
    (item,) = items(read(7))
    kinesis = changes.pop("kinesis", {})
    return {**item, **changes, "kinesis": {**item["kinesis"], **kinesis}}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({}, "no mapping"),
        ([SECRET], "no mapping"),
        ({"Records": SECRET}, "no mapping"),
        ({"Records": [{"kinesis": SECRET}]}, "no mapping"),
        ({"Records": [_changed(eventSource="aws:sqs")]}, "source"),
        ({"Records": [_changed(eventSourceARN="arn:aws:kinesis:us-east-1:111122223333:stream/other")]}, "stream"),
        ({"Records": [_changed(eventSourceARN=SECRET)]}, "no mapping"),
        ({"Records": [_changed(eventID=SECRET)]}, "does not name its shard"),
        ({"Records": [_changed(eventID=":7")]}, "does not name its shard"),
        ({"Records": [_changed(eventID=f"{SHARD}:8")]}, "does not name its shard"),
        ({"Records": [_changed(eventID=f"{SHARD}:x", kinesis={"sequenceNumber": "x"})]}, "no mapping"),
        ({"Records": [_changed(kinesis={"data": f"{SECRET}!"})]}, "no mapping"),
        ({"Records": [_changed(kinesis={"approximateArrivalTimestamp": SECRET})]}, "no mapping"),
        ({"Records": [_changed(kinesis={"approximateArrivalTimestamp": 1e300})]}, "no mapping"),
        ({"Records": [_changed(), _changed()]}, "order"),
        ({"Records": [_changed(), *items(read(3))]}, "order"),
        ({"Records": [_changed(), item_of(STREAM, "shardId-000000000001", read(9))]}, "several shards"),
    ],
)
def test_what_no_mapping_makes_is_refused_without_a_word_of_it(event: Any, said: str) -> None:
    with pytest.raises(EventShapeError, match=said) as caught:
        records_in(event, STREAM)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_an_answer_names_the_first_record_that_is_left() -> None:
    """By its record of the stream, also where a part of an aggregate is durable."""
    assert response(None) == {"batchItemFailures": []}
    left = Position(SHARD, position(5).sequence_number, 3)
    assert response(left) == {"batchItemFailures": [{"itemIdentifier": str(int(left.sequence_number))}]}


def test_data_is_what_stands_in_the_event() -> None:
    (item,) = items(read(1, bytes(range(256))))
    assert base64.b64decode(item["kinesis"]["data"]) == bytes(range(256))
    (record,) = records_in({"Records": [item]}, STREAM)
    assert record.data == bytes(range(256))
