"""The operations by name: each takes the account and a request's body and gives an answer, without any I/O."""

from collections.abc import Callable
from typing import Final, TypeVar

from pydantic import TypeAdapter

from devkit.kinesis_server.calls import managing, reading, shapes, writing
from devkit.kinesis_server.calls.answer import HttpReply
from devkit.kinesis_server.errors import KinesisError
from devkit.kinesis_server.fan_out import consumers, subscription
from devkit.kinesis_server.state.account import Account

Operation = Callable[[Account, bytes], HttpReply]
_Request = TypeVar("_Request")


def carry_out(account: Account, name: str, body: bytes) -> HttpReply:
    """Carry an operation out.

    Raises:
        KinesisError: what the client is to be told instead of an answer.
    """
    if (operation := OPERATIONS.get(name)) is None:
        raise KinesisError("UnknownOperationException", f"There is no operation {name!r}.")
    return operation(account, body)


def _operation(act: Callable[[Account, _Request], HttpReply], shape: type[_Request]) -> Operation:
    adapter = TypeAdapter(shape)
    return lambda account, body: act(account, shapes.parse(adapter, body))


OPERATIONS: Final[dict[str, Operation]] = {
    "PutRecords": _operation(writing.put_records, shapes.PutRecords),
    "PutRecord": _operation(writing.put_record, shapes.PutRecord),
    "GetShardIterator": _operation(reading.get_shard_iterator, shapes.GetShardIterator),
    "GetRecords": _operation(reading.get_records, shapes.GetRecords),
    "ListShards": _operation(managing.list_shards, shapes.ListShards),
    "DescribeStream": _operation(managing.describe_stream, shapes.DescribeStream),
    "DescribeStreamSummary": _operation(managing.describe_stream_summary, shapes.NamesStream),
    "CreateStream": _operation(managing.create_stream, shapes.CreateStream),
    "DeleteStream": _operation(managing.delete_stream, shapes.NamesStream),
    "SplitShard": _operation(managing.split_shard, shapes.SplitShard),
    "MergeShards": _operation(managing.merge_shards, shapes.MergeShards),
    "RegisterStreamConsumer": _operation(consumers.register_stream_consumer, shapes.RegisterStreamConsumer),
    "DescribeStreamConsumer": _operation(consumers.describe_stream_consumer, shapes.NamesConsumer),
    "ListStreamConsumers": _operation(consumers.list_stream_consumers, shapes.ListStreamConsumers),
    "DeregisterStreamConsumer": _operation(consumers.deregister_stream_consumer, shapes.NamesConsumer),
    "SubscribeToShard": _operation(subscription.subscribe_to_shard, shapes.SubscribeToShard),
}
