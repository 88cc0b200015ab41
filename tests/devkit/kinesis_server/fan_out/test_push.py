"""SubscribeToShard over HTTP, by the client of the project, whose parser is botocore's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest
from botocore.exceptions import EventStreamError

from devkit.kinesis_server import KinesisServer, fates
from tests.devkit.kinesis_server.builders import SHARDS, STREAM, error_of, new_record
from txn_core.aws.clients import Aws
from txn_core.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient


@pytest.fixture
async def patient(kinesis_settings: Settings) -> "AsyncIterator[KinesisClient]":
    """A client that waits for events."""
    async with Aws(kinesis_settings).kinesis() as client:
        yield client


async def _arn(client: "KinesisClient", server: KinesisServer) -> str:
    stream_arn = server.stream(STREAM).arn
    answer = await client.register_stream_consumer(StreamARN=stream_arn, ConsumerName="reader")
    return answer["Consumer"]["ConsumerARN"]


@asynccontextmanager
async def _events(client: "KinesisClient", arn: str) -> AsyncIterator[AsyncIterator[Any]]:
    answer = await client.subscribe_to_shard(
        ConsumerARN=arn, ShardId=SHARDS[0], StartingPosition={"Type": "TRIM_HORIZON"}
    )
    with closing(cast("Any", answer)["EventStream"]) as stream:
        yield aiter(stream)


def _store(server: KinesisServer, *data: bytes) -> None:
    stream = server.stream(STREAM)
    for datum in data:
        stream.store(stream.shard(SHARDS[0]), new_record(datum), server.account.clock())


async def test_records_are_pushed_as_they_come(patient: "KinesisClient", server: KinesisServer) -> None:
    """In order, and the stream of events ends with the shard."""
    async with _events(patient, await _arn(patient, server)) as events:
        found = []
        for data in (b"a", b"b"):
            _store(server, data)
            while not (event := await anext(events))["SubscribeToShardEvent"]["Records"]:
                pass
            found += [record["Data"] for record in event["SubscribeToShardEvent"]["Records"]]
        server.split(STREAM, SHARDS[0])
        rest = [event async for event in events]
    assert found == [b"a", b"b"]
    assert rest[-1]["SubscribeToShardEvent"]["ChildShards"]


async def test_a_client_that_does_not_read_is_not_pushed_to(patient: "KinesisClient", server: KinesisServer) -> None:
    """What the server has given out stays bounded: the rest waits in the shard, and comes when it is read."""
    count = 64
    _store(server, *[b"%04d" % number * (1 << 18) for number in range(count)])
    found: list[bytes] = []
    async with _events(patient, await _arn(patient, server)) as events:
        (consumer,) = server.stream(STREAM).consumers.values()
        subscription = cast("Any", consumer.seats[SHARDS[0]].subscription)
        place, before = subscription.place, -1
        while place != before:
            await asyncio.sleep(0.2)
            place, before = subscription.place, place
        assert 0 < place < count
        while len(found) < count:
            found += [record["Data"][:4] for record in (await anext(events))["SubscribeToShardEvent"]["Records"]]
    assert found == [b"%04d" % number for number in range(count)]


async def test_a_subscription_may_fail(patient: "KinesisClient", server: KinesisServer) -> None:
    """With an exception among its events, after which the consumer has to wait as after any other end."""
    _store(server, b"a")
    arn = await _arn(patient, server)
    server.faults.on_calls(fates.SUBSCRIPTION_FAILS, operation="SubscribeToShard", times=1)
    async with _events(patient, arn) as events:
        await anext(events)
        _store(server, b"b")
        with pytest.raises(EventStreamError) as caught:
            await anext(events)
    assert caught.value.response["Error"]["Code"] == "InternalFailureException"
    again = patient.subscribe_to_shard(ConsumerARN=arn, ShardId=SHARDS[0], StartingPosition={"Type": "TRIM_HORIZON"})
    assert await error_of(again) in {"ResourceInUseException", "LimitExceededException"}


async def test_a_subscription_may_be_cut_in_the_midst_of_an_event(
    patient: "KinesisClient", server: KinesisServer
) -> None:
    server.faults.on_calls(fates.SUBSCRIPTION_CUT, operation="SubscribeToShard", times=1)
    async with _events(patient, await _arn(patient, server)) as events:
        await anext(events)
        _store(server, b"a")
        with pytest.raises(aiohttp.ClientPayloadError):
            await anext(events)


async def test_the_server_ends_while_it_pushes(patient: "KinesisClient", server: KinesisServer) -> None:
    """Dropping its connections ends the subscriptions, too."""
    async with _events(patient, await _arn(patient, server)) as events:
        await anext(events)
        await server.drop_connections()
        with pytest.raises((aiohttp.ClientError, OSError)):
            await anext(events)
    assert not server._pushing
