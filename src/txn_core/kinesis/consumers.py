"""Registered consumers of a stream, by which drains read it by enhanced fan-out: their names, and their making.

`TXN_FAN_OUT` names the drains, such as `index,archive`. `txn bootstrap` registers a consumer for each; one that
somebody else has registered is given by its ARN: `index=arn:aws:kinesis:...`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from txn_core import drains
from txn_core.aws.errors import code_of
from txn_core.aws.types import ConsumerDescriptionTypeDef, KinesisClient
from txn_core.dynamodb.tables import FIRST_GENERATION
from txn_core.exceptions import SettingsError, StoreError
from txn_core.settings import Settings

POLL_S: Final = 0.2  # AWS allows 20 DescribeStreamConsumer calls a second, and 5 that register


@dataclass(frozen=True, slots=True)
class DrainConsumer:
    """The consumer by which a drain reads its stream. `arn` is None for the one that bootstrap registers."""

    drain: str
    stream: str
    name: str
    arn: str | None

    def __str__(self) -> str:
        return f"consumer {self.arn or self.name} of stream {self.stream}"


def drain_consumers(settings: Settings) -> Mapping[str, DrainConsumer]:
    """The consumers of the drains that read by enhanced fan-out, by drain.

    Raises:
        SettingsError: one of them is not registered as a drain, or is named twice.
    """
    found: dict[str, DrainConsumer] = {}
    for item in filter(None, (part.strip() for part in settings.fan_out.split(","))):
        name, _, arn = item.partition("=")
        if name not in drains.REGISTRY:
            raise SettingsError(f"TXN_FAN_OUT: no drain is called {name}; there are {', '.join(drains.names())}")
        if name in found:
            raise SettingsError(f"TXN_FAN_OUT: {name} is named twice")
        found[name] = DrainConsumer(name, drains.REGISTRY[name].stream(settings), _name(settings, name), arn or None)
    return found


async def register_consumers(client: KinesisClient, settings: Settings, stream: str) -> None:
    """Register the consumers that a stream lacks, and return when all can be used; the caller bounds the time.

    Raises:
        StoreError: the server has no enhanced fan-out, or a consumer that is given by its ARN is not there.
    """
    for consumer in drain_consumers(settings).values():
        while consumer.stream == stream and not await _usable(client, consumer):  # noqa: ASYNC110 - Kinesis makes it so
            await asyncio.sleep(POLL_S)


async def arn_of(client: KinesisClient, consumer: DrainConsumer) -> str:
    """The ARN of a consumer that can be used.

    Raises:
        StoreError: it is not registered, or cannot be used yet.
    """
    if (found := await _described(client, consumer)) is None or found["ConsumerStatus"] != "ACTIVE":
        state = "not registered" if found is None else found["ConsumerStatus"]
        raise StoreError(f"the {consumer} is {state}: run txn bootstrap, or take {consumer.drain} out of TXN_FAN_OUT")
    return found["ConsumerARN"]


async def _usable(client: KinesisClient, consumer: DrainConsumer) -> bool:
    """Whether a consumer is ACTIVE; it is registered if it is lacking and not somebody else's."""
    if (found := await _described(client, consumer)) is not None:
        return found["ConsumerStatus"] == "ACTIVE"
    if consumer.arn is not None:
        raise StoreError(f"TXN_FAN_OUT: the {consumer} is not registered")
    stream_arn = await _stream_arn(client, consumer.stream)
    try:
        await client.register_stream_consumer(StreamARN=stream_arn, ConsumerName=consumer.name)
    except ClientError as error:
        # Somebody else was quicker, or too many are being made: it is looked for again.
        if code_of(error) not in {"ResourceInUseException", "LimitExceededException"}:
            raise
    return False


async def _described(client: KinesisClient, consumer: DrainConsumer) -> ConsumerDescriptionTypeDef | None:
    """What Kinesis says of a consumer; None when it is not registered."""
    named: Any = {"ConsumerARN": consumer.arn}
    if consumer.arn is None:
        named = {"StreamARN": await _stream_arn(client, consumer.stream), "ConsumerName": consumer.name}
    try:
        answer = await client.describe_stream_consumer(**named)
    except ClientError as error:
        match code_of(error):
            case "ResourceNotFoundException":
                return None
            case "UnknownOperationException":
                raise StoreError(
                    f"this Kinesis has no enhanced fan-out, by which {consumer.drain} is to read: unset TXN_FAN_OUT"
                ) from None
            case _:
                raise
    return answer["ConsumerDescription"]


async def _stream_arn(client: KinesisClient, stream: str) -> str:
    summary = await client.describe_stream_summary(StreamName=stream)
    return summary["StreamDescriptionSummary"]["StreamARN"]


def _name(settings: Settings, drain: str) -> str:
    """The name that bootstrap gives a drain's consumer; each generation of the index has its own."""
    generation = settings.index_generation
    own = drains.REGISTRY[drain].once_a_generation and generation != FIRST_GENERATION
    return f"{settings.table_prefix}-{drain}" + (f"-g{generation}" if own else "")
