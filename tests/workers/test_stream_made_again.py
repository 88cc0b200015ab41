"""A stream that was deleted and made again under its name, on kinesalite and on our own server: never read unsaid."""

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from structlog.testing import capture_logs

from devkit.kinesis_server import KinesisServer, kinesis_server
from operations.drains.shard_status import Drain
from tests.workers.builders import event, shard
from tests.workers.conftest import StackFixture, until, world_of
from txn_cli.status.drain import Status
from txn_cli.status.observer import Observer
from txn_cli.status.status_report import document
from txn_cli.status.status_table import progress_line, show_status
from txn_core.settings import Settings

KINDS: tuple[str, ...] = ("index", "archive")
LOW = 0
SYNC_S = 0.2


@asynccontextmanager
async def world_on(server: KinesisServer | None, settings: Settings) -> AsyncIterator[StackFixture]:
    """A world whose stream is on our own server, or on kinesalite without one."""
    elsewhere = {} if server is None else {"kinesis_endpoint_url": server.url}
    async with world_of(settings, shard_sync_s=SYNC_S, **elsewhere) as world:
        yield world


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[StackFixture]:
    """A world whose stream is on our own server."""
    async with kinesis_server() as server, world_on(server, settings) as made:
        yield made


@pytest.fixture(params=["kinesalite", "our own server"])
async def any_world(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[StackFixture]:
    """A world on either."""
    async with AsyncExitStack() as stack:
        ours = request.param == "our own server"
        server = await stack.enter_async_context(kinesis_server()) if ours else None
        yield await stack.enter_async_context(world_on(server, settings))


async def status_of(world: StackFixture) -> Status:
    return await Observer(world.kinesis, world.dynamodb, world.settings).look()


async def rows_of(world: StackFixture) -> list[Any]:
    return [row for kind in KINDS for row in await world.leases(kind).rows()]


def printed(status: Status) -> str:
    console = Console(file=io.StringIO(), width=200)
    show_status(status, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


async def says_why(world: StackFixture) -> bool:
    """Whether both kinds of workers have said that they do not read."""
    return all(worker.amiss for worker in (await status_of(world)).workers)


async def test_workers_that_start_read_nothing_and_say_why(any_world: StackFixture) -> None:
    """A shard that was done is not passed over, a checkpoint that means nothing is not tried for ever.

    And the status says so, and calls nothing drained.
    """
    world = any_world
    await world.send(event(), event(), hash_key=LOW)
    await world.split(shard(0))
    await world.send(event(), hash_key=LOW)
    await world.drain(*KINDS)
    before, lake = await rows_of(world), await world.lake()
    await world.remake()
    await world.send(event(), event())
    with capture_logs() as logs:
        async with world.working(*KINDS):
            await until(lambda: _both_say_why(logs))
            await asyncio.sleep(4 * SYNC_S)
    said = [log for log in logs if log["event"] == "stream_not_read"]
    assert len(said) == 2
    assert all("was made again" in log["reason"] for log in said)
    assert {log["event"] for log in logs} <= {"started", "stream_not_read", "stopping", "stopped"}
    assert (await rows_of(world), await world.lake()) == (before, lake)
    assert_told(await status_of(world))


async def _both_say_why(logs: Sequence[Any]) -> bool:
    return [log["event"] for log in logs].count("stream_not_read") == len(KINDS)


def assert_told(status: Status) -> None:
    assert not status.drained
    assert {s.drain for worker in status.workers for s in worker.shards} == {Drain.UNKNOWN}
    text = printed(status)
    for kind in KINDS:
        assert f"nothing is read for the {kind} until `txn leases reset {kind}`" in text
    assert "was made again" in progress_line(status)
    workers: Any = document(status)["workers"]
    assert all("was made again" in workers[kind]["amiss"] for kind in KINDS)
    assert workers["index"]["shards"][0]["foreign"]


async def test_workers_that_run_stop_reading_and_keep_what_they_have_read(any_world: StackFixture) -> None:
    """What the archive had not yet flushed is in the lake: the stream that held it is gone."""
    world = any_world
    slow = world.settings.model_copy(update={"archive_flush_age_s": 3600.0})
    async with world.working(*KINDS, settings=slow):
        await world.send(*(event() for _ in range(5)))
        await until(lambda: world.drained("index"))
        sent = dict(world.sent)
        await world.remake()
        await until(lambda: says_why(world))
        await until(lambda: _nobody_holds(world))
    assert {row.position: row.data for row in await world.lake()} == sent
    assert [row.plan for row in await rows_of(world)] == [None, None]


async def _nobody_holds(world: StackFixture) -> bool:
    return all(row.owner is None for row in await rows_of(world))


async def test_workers_outlive_a_stream_that_is_away_for_a_while(world: StackFixture) -> None:
    async with world.working(*KINDS):
        await world.send(event())
        await until(lambda: world.drained("archive"))
        await world.kinesis.delete_stream(StreamName=world.settings.stream)
        await until(lambda: _nobody_holds(world))
        await asyncio.sleep(2 * SYNC_S)
        await world.kinesis.create_stream(StreamName=world.settings.stream, ShardCount=1)
        await until(lambda: says_why(world))


async def test_what_happens_to_a_stream_in_its_life_is_no_recreation(world: StackFixture) -> None:
    """Restarts, splits and merges: the leases stay this stream's, and all is read."""
    await world.send(event(), event(), hash_key=LOW)
    await world.drain(*KINDS)
    await world.split(shard(0))
    await world.send(event(), hash_key=LOW)
    async with world.working(*KINDS):
        await until(lambda: _all_drained(world))
        await world.merge(shard(1), shard(2))
        await world.send(event(), hash_key=LOW)
        await until(lambda: _all_drained(world))
    assert [worker.amiss for worker in (await status_of(world)).workers] == ["", ""]
    assert len({row.stream for row in await rows_of(world)}) == 1
    await world.assert_lake_exact()
    await world.assert_index_exact()


async def _all_drained(world: StackFixture) -> bool:
    return (await status_of(world)).drained


async def test_what_retention_took_is_no_recreation(settings: Settings) -> None:
    async with kinesis_server() as server, world_on(server, settings) as world:
        await world.send(event(), event())
        await world.drain(*KINDS)
        first = dict(world.sent)
        await world.send(event(), event())
        stored = server.stream(world.settings.stream).shards[shard(0)].records
        del stored[:3]
        await world.drain(*KINDS)
        assert (await status_of(world)).drained
        assert len(await world.lake()) == len(first) + 1


async def test_leases_of_an_older_version_are_taken_over_by_whoever_starts(world: StackFixture) -> None:
    """They say nothing of the stream yet: the first worker writes it onto them and goes on."""
    await world.send(event(), hash_key=LOW)
    await world.split(shard(0))
    await world.drain(*KINDS)
    await _forget_streams(world)
    assert {row.stream for row in await rows_of(world)} == {None}
    assert (await status_of(world)).drained
    await world.send(event())
    await world.drain(*KINDS)
    assert None not in {row.stream for row in await rows_of(world)}
    await world.assert_lake_exact()


async def test_leases_of_an_older_version_are_not_taken_over_from_another_stream(world: StackFixture) -> None:
    await world.send(event())
    await world.drain(*KINDS)
    await _forget_streams(world)
    await world.remake()
    before = await rows_of(world)
    with capture_logs() as logs:
        async with world.working(*KINDS):
            await until(lambda: _both_say_why(logs))
            await asyncio.sleep(4 * SYNC_S)
    reasons = [log["reason"] for log in logs if log["event"] == "stream_not_read"]
    assert len(reasons) == 2
    assert all("tell of records from before" in reason for reason in reasons)
    assert await rows_of(world) == before


async def _forget_streams(world: StackFixture) -> None:
    """Leave the rows as a version wrote them that did not note the stream."""
    for kind in KINDS:
        table = world.leases(kind)
        for row in await table.rows():
            await world.dynamodb.update_item(
                TableName=table._name,
                Key={"leaseKey": {"S": row.shard_id}},
                UpdateExpression="REMOVE streamIdentity",
            )
            assert (await table.row(row.shard_id)) == replace(row, stream=None)
