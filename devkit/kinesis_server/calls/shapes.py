"""The requests as botocore sends them, checked and decoded in one pass by pydantic.

Field names and constraints are those of the service model (kinesis/2013-12-02). Unknown fields pass, as on AWS.
"""

from typing import Annotated, Literal, NotRequired, TypeVar

from annotated_types import Ge, Le, Len
from pydantic import ConfigDict, StringConstraints, TypeAdapter, ValidationError, with_config
from pydantic_core import ErrorDetails
from typing_extensions import TypedDict

from devkit.kinesis_server.errors import KinesisError, not_json, validation_failed

RECORDS_MAX = 500
LIST_MAX = 10_000

_CONFIG = ConfigDict(strict=True, val_json_bytes="base64")
_Request = TypeVar("_Request")

Name = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[a-zA-Z0-9_.-]+$")]
HashKey = Annotated[str, StringConstraints(pattern=r"^(0|([1-9]\d{0,38}))$")]
ConsumerArn = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=2048, pattern=r"^arn:aws.*:kinesis:.*:\d{12}:.*stream/.+/consumer/.+:\d+$"
    ),
]
PartitionKey = Annotated[str, Len(1, 256)]
ListLimit = Annotated[int, Ge(1), Le(LIST_MAX)]
IteratorType = Literal["TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "AT_TIMESTAMP"]
FilterType = Literal[
    "AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST", "AT_TIMESTAMP", "FROM_TIMESTAMP"
]


@with_config(_CONFIG)
class NamesStream(TypedDict):
    """A request about one stream."""

    StreamName: NotRequired[Name]
    StreamARN: NotRequired[str]


@with_config(_CONFIG)
class PutRecordsEntry(TypedDict):
    """One record of PutRecords."""

    Data: bytes
    PartitionKey: PartitionKey
    ExplicitHashKey: NotRequired[HashKey]


@with_config(_CONFIG)
class PutRecords(NamesStream):
    """PutRecords."""

    Records: Annotated[list[PutRecordsEntry], Len(1, RECORDS_MAX)]


@with_config(_CONFIG)
class PutRecord(NamesStream, PutRecordsEntry):
    """PutRecord."""


@with_config(_CONFIG)
class ShardFilter(TypedDict):
    """Which shards ListShards is asked for."""

    Type: FilterType
    ShardId: NotRequired[Name]
    Timestamp: NotRequired[float]


@with_config(_CONFIG)
class ListShards(NamesStream):
    """ListShards."""

    NextToken: NotRequired[Annotated[str, Len(1, 1_048_576)]]
    ExclusiveStartShardId: NotRequired[Name]
    MaxResults: NotRequired[ListLimit]
    ShardFilter: NotRequired[ShardFilter]


@with_config(_CONFIG)
class DescribeStream(NamesStream):
    """DescribeStream."""

    Limit: NotRequired[ListLimit]
    ExclusiveStartShardId: NotRequired[Name]


@with_config(_CONFIG)
class CreateStream(TypedDict):
    """CreateStream. Without a count of shards (on-demand) AWS begins with 4."""

    StreamName: Name
    ShardCount: NotRequired[Annotated[int, Ge(1), Le(LIST_MAX)]]
    MaxRecordSizeInKiB: NotRequired[Annotated[int, Ge(1024), Le(10240)]]


@with_config(_CONFIG)
class GetShardIterator(NamesStream):
    """GetShardIterator."""

    ShardId: Name
    ShardIteratorType: IteratorType
    StartingSequenceNumber: NotRequired[str]
    Timestamp: NotRequired[float]


@with_config(_CONFIG)
class GetRecords(TypedDict):
    """GetRecords."""

    ShardIterator: Annotated[str, Len(1, 512)]
    Limit: NotRequired[ListLimit]


@with_config(_CONFIG)
class SplitShard(NamesStream):
    """SplitShard."""

    ShardToSplit: Name
    NewStartingHashKey: HashKey


@with_config(_CONFIG)
class MergeShards(NamesStream):
    """MergeShards."""

    ShardToMerge: Name
    AdjacentShardToMerge: Name


@with_config(_CONFIG)
class RegisterStreamConsumer(NamesStream):
    """RegisterStreamConsumer."""

    ConsumerName: Name


@with_config(_CONFIG)
class ListStreamConsumers(NamesStream):
    """ListStreamConsumers."""


@with_config(_CONFIG)
class NamesConsumer(TypedDict):
    """A request about one consumer."""

    StreamARN: NotRequired[str]
    ConsumerName: NotRequired[Name]
    ConsumerARN: NotRequired[ConsumerArn]


@with_config(_CONFIG)
class StartingPosition(TypedDict):
    """Where a subscription begins."""

    Type: IteratorType
    SequenceNumber: NotRequired[str]
    Timestamp: NotRequired[float]


@with_config(_CONFIG)
class SubscribeToShard(TypedDict):
    """SubscribeToShard."""

    ConsumerARN: ConsumerArn
    ShardId: Name
    StartingPosition: StartingPosition


def parse(shape: TypeAdapter[_Request], body: bytes) -> _Request:
    """The request in a body.

    Raises:
        KinesisError: SerializationException for what is not the request's JSON, ValidationException for a
            constraint that does not hold.
    """
    try:
        return shape.validate_json(body or b"{}")
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False)[0]) from None


def _refusal(fault: ErrorDetails) -> KinesisError:
    path = ".".join(_step(step) for step in fault["loc"])
    kind = fault["type"]
    if kind == "missing":
        return validation_failed(path, "Member must not be null")
    if kind == "json_invalid" or kind.endswith(("_type", "_encoding")):
        return not_json(f"{path}: {fault['msg']}")
    return validation_failed(path, fault["msg"])


def _step(step: int | str) -> str:
    """As AWS writes paths: `records.1.member.partitionKey`, counted from 1."""
    return f"{step + 1}.member" if isinstance(step, int) else step[:1].lower() + step[1:]
