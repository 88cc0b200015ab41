"""Events and answers of an event source mapping of Kinesis (AWS Lambda Developer Guide, "Using Lambda with Kinesis").

A mapping hands over records of one shard in their order, and with the answer it learns the first record that is not
durable, from which on it hands over again ("Configuring partial batch response").
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final, TypedDict

from txn_core.kinesis.record_batch import RecordBatch
from txn_core.positions import Position, ShardId
from workers.lambdas.event_shape import EventShapeError
from workers.reading.answers import BrokenAnswerError, sequence_number_of
from workers.reading.read_position import records_of

SOURCE: Final = "aws:kinesis"


class Failure(TypedDict):
    """The sequence number of a record that is to be handed over again, and with it all that follow."""

    itemIdentifier: str


class BatchResponse(TypedDict):
    """What a mapping with `ReportBatchItemFailures` is answered."""

    batchItemFailures: list[Failure]


def response(first_left: Position | None) -> BatchResponse:
    """The answer when everything before a position is durable; when all is, there is none."""
    return {"batchItemFailures": [] if first_left is None else [{"itemIdentifier": first_left.sequence_number}]}


def records_in(event: Mapping[str, Any], stream: str) -> RecordBatch:
    """The producers' records in an event, aggregates taken apart.

    Raises:
        EventShapeError: it is not an event of this stream, or not one of a single shard in its order.
    """
    try:
        given: Sequence[Any] = event["Records"]
        shards = {_shard_of(item, stream) for item in given}
        raw = [_as_read(item["kinesis"]) for item in given]
        numbers = [int(sequence_number_of(record)) for record in raw]
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, OSError, BrokenAnswerError):
        # Neither its text nor its cause: they may quote what stood there.
        raise EventShapeError("an event that no mapping of Kinesis makes") from None
    if not raw:
        return RecordBatch()
    if len(shards) > 1:
        raise EventShapeError("an event with records of several shards")
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise EventShapeError("an event whose records are not in the order of their shard")
    return records_of(shards.pop(), raw)


def _shard_of(item: Mapping[str, Any], stream: str) -> ShardId:
    """The shard of a record, which stands before the sequence number in its id."""
    if item["eventSource"] != SOURCE:
        raise EventShapeError("an event of another source than Kinesis")
    # Behind a consumer of its own a mapping names that: arn:...:stream/NAME/consumer/...
    if item["eventSourceARN"].split(":", 5)[5].split("/")[:2] != ["stream", stream]:
        raise EventShapeError(f"an event of another stream than {stream}")
    shard, _, number = item["eventID"].rpartition(":")
    if not shard or number != item["kinesis"]["sequenceNumber"]:
        raise EventShapeError("a record whose id does not name its shard")
    return ShardId(shard)


def _as_read(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as GetRecords would have given it."""
    try:
        data = base64.b64decode(record.get("data") or "", validate=True)
    except binascii.Error:
        raise ValueError from None
    arrived_s = record.get("approximateArrivalTimestamp")
    return {
        "SequenceNumber": record["sequenceNumber"],
        "Data": data,
        "ApproximateArrivalTimestamp": None if arrived_s is None else datetime.fromtimestamp(arrived_s, UTC),
    }
