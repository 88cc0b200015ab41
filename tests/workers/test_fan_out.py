"""The real drains by enhanced fan-out on our own Kinesis server: both views exact, whatever ends a subscription."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from devkit.kinesis_server import KinesisServer, Options, fates, kinesis_server
from tests.workers.builders import event, shard
from tests.workers.conftest import StackFixture, until, world_of
from txn_core.bootstrap import bootstrap
from txn_core.drains import ARCHIVE, INDEX
from txn_core.exceptions import SettingsError, StoreError
from txn_core.settings import Settings
from workers.hosts.process import work

QUICK: dict[str, Any] = {"subscription_life_s": 1.0, "taken_over_after_s": 0.3}


@asynccontextmanager
async def pushed_world(
    settings: Settings, *, fan_out: str = "index,archive", **options: Any
) -> AsyncIterator[tuple[StackFixture, KinesisServer]]:
    """A world whose drains are pushed to, some of them or all."""
    async with (
        kinesis_server(options=Options(**options)) as server,
        world_of(settings, kinesis_endpoint_url=server.url, fan_out=fan_out) as world,
    ):
        yield world, server


async def test_both_views_are_exact_through_ends_failures_and_a_split(settings: Settings) -> None:
    """Subscriptions live a second, a third of them fail or are cut, and the shard is split; nobody polls."""
    async with pushed_world(settings, **QUICK) as (world, server):
        for fate in (fates.SUBSCRIPTION_CUT, fates.SUBSCRIPTION_FAILS, fates.SERVER_ERROR):
            server.faults.on_calls(fate, operation="SubscribeToShard", rate=0.15)
        await world.send_aggregate(*(event() for _ in range(7)))
        async with world.working("index", "archive"):
            for number in range(30):
                await world.send(event(), hash_key=(number % 2) << 127)
                if number == 15:
                    await world.split(shard(0))
                await asyncio.sleep(0.05)
            server.faults.clear()
            await world.send_aggregate(*(event() for _ in range(7)))
            await until(lambda: world.drained("index"))
            await until(lambda: world.drained("archive"))
        await world.assert_index_exact()
        await world.assert_lake_exact()
        assert await world.ledger("index") == await world.ledger("archive") == await world.arrival_minutes()
        assert server.requests["SubscribeToShard"] > 4


async def test_one_drain_may_be_pushed_to_while_the_other_polls(settings: Settings) -> None:
    async with pushed_world(settings, fan_out="archive", taken_over_after_s=0.3) as (world, server):
        await world.send(*(event() for _ in range(5)))
        await world.drain("archive")
        assert server.requests["SubscribeToShard"] == 1
        await world.drain("index")
        assert server.requests["SubscribeToShard"] == 1
        await world.assert_index_exact()
        await world.assert_lake_exact()


async def test_workers_that_follow_each_other_hand_the_shard_over(settings: Settings) -> None:
    """Each ends its subscription before it gives up the lease; the next one goes on behind the checkpoint."""
    async with pushed_world(settings, taken_over_after_s=0.3) as (world, server):
        for _ in range(3):
            await world.send(*(event() for _ in range(5)))
            await world.drain("index")
            (consumer,) = [each for each in server.stream(settings.stream).consumers.values() if "index" in each.name]
            assert consumer.seats[shard(0)].subscription is not None
        await world.assert_index_exact()
        assert await world.ledger("index") == await world.arrival_minutes()


async def test_bootstrap_registers_a_consumer_a_drain_once_and_waits_for_it(settings: Settings) -> None:
    async with kinesis_server(options=Options(transition_s=0.3)) as server:
        pushed = settings.model_copy(update={"kinesis_endpoint_url": server.url, "fan_out": "index,archive"})
        await asyncio.gather(bootstrap(pushed), bootstrap(pushed))
        await bootstrap(pushed)
        consumers = server.stream(settings.stream).consumers
        assert sorted(consumers) == [f"{settings.table_prefix}-archive", f"{settings.table_prefix}-index"]
        assert {each.status(server.account.clock()) for each in consumers.values()} == {"ACTIVE"}
        second = pushed.model_copy(update={"index_generation": 2})
        await bootstrap(second)
        assert f"{settings.table_prefix}-index-g2" in consumers


async def test_a_consumer_may_be_given_by_its_arn(settings: Settings) -> None:
    """It is somebody else's: bootstrap does not make it, and does not make another."""
    async with kinesis_server() as server, world_of(settings, kinesis_endpoint_url=server.url) as world:
        stream_arn = server.stream(settings.stream).arn
        answer = await world.kinesis.register_stream_consumer(StreamARN=stream_arn, ConsumerName="theirs")
        arn = answer["Consumer"]["ConsumerARN"]
        given = world.settings.model_copy(update={"fan_out": f"index={arn}"})
        await bootstrap(given)
        assert list(server.stream(settings.stream).consumers) == ["theirs"]
        await world.send(event())
        await world.drain("index", settings=given)
        await world.assert_index_exact()
        assert server.requests["SubscribeToShard"] == 1
        unknown = world.settings.model_copy(update={"fan_out": f"index={arn}9"})
        with pytest.raises(ExceptionGroup) as caught:
            await bootstrap(unknown)
        assert caught.group_contains(StoreError, match="is not registered")


async def test_a_worker_without_its_consumer_does_not_start(settings: Settings) -> None:
    async with kinesis_server() as server, world_of(settings, kinesis_endpoint_url=server.url) as world:
        pushed = world.settings.model_copy(update={"fan_out": "index"})
        with pytest.raises(StoreError, match=r"consumer .*-index of stream .* is not registered: run txn bootstrap"):
            await work(INDEX, pushed, asyncio.Event())


async def test_a_server_without_fan_out_says_so(world: StackFixture) -> None:
    """As kinesalite, which the local stack runs."""
    pushed = world.settings.model_copy(update={"fan_out": "archive"})
    with pytest.raises(StoreError, match="no enhanced fan-out, by which archive is to read: unset TXN_FAN_OUT"):
        await work(ARCHIVE, pushed, asyncio.Event())
    with pytest.raises(ExceptionGroup) as caught:
        await bootstrap(pushed)
    assert caught.group_contains(StoreError, match="unset TXN_FAN_OUT")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"fan_out": "indx"}, "no drain is called indx; there are index, archive"),
        ({"fan_out": "index,index"}, "index is named twice"),
        ({"poll_reads_per_s": 2.5}, "3 drains poll each shard"),
    ],
)
async def test_a_worker_whose_reads_are_not_to_be_had_does_not_start(
    world: StackFixture, changes: dict[str, object], text: str
) -> None:
    with pytest.raises(SettingsError, match=text):
        await work(INDEX, world.settings.model_copy(update=changes), asyncio.Event())


async def test_off_this_machine_the_log_says_that_it_is_not_proven(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever turns it on at AWS is told that nobody has seen it work there with this client."""
    async with pushed_world(settings) as (world, _):
        monkeypatch.setattr("workers.reading.opening.is_local", lambda url: False)
        with capture_logs() as logs:
            async with world.working("index"):
                await until(lambda: world.drained("index"))
        assert [entry["log_level"] for entry in logs if entry["event"] == "fan_out_unproven"] == ["warning"]
