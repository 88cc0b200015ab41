"""RegisterStreamConsumer, DescribeStreamConsumer, ListStreamConsumers and DeregisterStreamConsumer."""

from typing import Final

from devkit.kinesis_server.calls.answer import HttpReply
from devkit.kinesis_server.calls.shapes import ListStreamConsumers, NamesConsumer, RegisterStreamConsumer
from devkit.kinesis_server.errors import ACCOUNT_ID, KinesisError, in_use, invalid_argument
from devkit.kinesis_server.fan_out.consumer import Consumer
from devkit.kinesis_server.state.account import Account

CONSUMERS_MAX: Final = 20  # Kinesis Data Streams quotas, of one stream


def register_stream_consumer(account: Account, request: RegisterStreamConsumer) -> HttpReply:
    """Register a consumer, which is CREATING for as long as a stream would be.

    Raises:
        KinesisError: the stream has one of that name, or as many as it may.
    """
    stream, name, now = account.ready_stream_of(request), request["ConsumerName"], account.clock()
    if name in stream.consumers:
        raise in_use(f"Consumer {name} of stream {stream.name} under account {ACCOUNT_ID} already exists.")
    if len(stream.consumers) >= CONSUMERS_MAX:
        raise KinesisError("LimitExceededException", f"Stream {stream.name} has {CONSUMERS_MAX} consumers.")
    consumer = Consumer(stream.arn, name, now, now + account.options.transition_s)
    stream.consumers[name] = consumer
    return HttpReply({"Consumer": consumer.document(now)})


def describe_stream_consumer(account: Account, request: NamesConsumer) -> HttpReply:
    """One consumer, by its ARN or by its stream's and its name."""
    consumer = consumer_of(account, request)
    return HttpReply({"ConsumerDescription": consumer.document(account.clock()) | {"StreamARN": consumer.stream_arn}})


def list_stream_consumers(account: Account, request: ListStreamConsumers) -> HttpReply:
    """All consumers of a stream, which fit into one page."""
    stream, now = account.stream_of(request), account.clock()
    return HttpReply({"Consumers": [consumer.document(now) for consumer in stream.consumers.values()]})


def deregister_stream_consumer(account: Account, request: NamesConsumer) -> HttpReply:
    """Forget a consumer at once; what it is subscribed to ends."""
    consumer = consumer_of(account, request)
    for stream in account.streams.values():
        if stream.consumers.get(consumer.name) is consumer:
            del stream.consumers[consumer.name]
    consumer.registered = False
    return HttpReply()


def consumer_of(account: Account, request: NamesConsumer) -> Consumer:
    """The consumer that a request names.

    Raises:
        KinesisError: it names none, or one that is not registered.
    """
    arn = request.get("ConsumerARN", "")
    if not arn and not ("StreamARN" in request and "ConsumerName" in request):
        raise invalid_argument("ConsumerARN, or StreamARN and ConsumerName, must be given.")
    for stream in account.streams.values():
        for consumer in stream.consumers.values():
            if arn == consumer.arn or (
                not arn and (stream.arn, consumer.name) == (request["StreamARN"], request["ConsumerName"])
            ):
                return consumer
    named = arn or request["ConsumerName"]
    raise KinesisError("ResourceNotFoundException", f"Consumer {named} under account {ACCOUNT_ID} not found.")
