"""The index built anew beside the one that is served: from the stream, from the lake, and from what is left of both."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.workers.builders import event, later, shard, twin
from tests.workers.conftest import World, until
from txn_cli.status.observer import Observer
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import LAYOUT_ID
from txn_core.errors import SettingsError, StoreError
from txn_core.instants import Instant, datetime_of, instant_of
from txn_core.lake import RAW_PREFIX
from txn_core.settings import Settings
from workers import lake_replay
from workers.lake_progress import LakeProgress, Snapshot
from workers.leases import AT_TIMESTAMP, SHARD_END, Checkpoint
from workers.rebuild import LAKE, Origin, Source
from workers.runner import work

HORIZON = Origin(Source.HORIZON)
LOW, HIGH = 0, 2**127


def of_generation(world: World, number: int = 2) -> Settings:
    return world.settings.model_copy(update={"index_generation": number})


async def items(world: World, settings: Settings | None = None) -> dict[str, dict[str, Any]]:
    """Every item of the transactions and the merchants of a generation, except how the table is laid out."""
    names = TableNames.of(settings or world.settings)
    found: dict[str, dict[str, Any]] = {}
    for name, key in ((names.transactions, "id"), (names.merchants, "name")):
        pages = world.dynamodb.get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
        rows = [row async for page in pages for row in page["Items"]]
        found |= {row[key]["S"]: _with_sets_sorted(row) for row in rows if row[key]["S"] != LAYOUT_ID}
    return found


def _with_sets_sorted(item: Any) -> dict[str, Any]:
    return {name: {kind: sorted(v) if kind == "SS" else v for kind, v in of.items()} for name, of in item.items()}


@asynccontextmanager
async def rebuilding(world: World, *origins: Origin) -> AsyncIterator[None]:
    """A process for each origin that builds the second generation, for the time of the block."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for origin in origins:
            tasks.create_task(work("index", of_generation(world), stopping, origin))
        try:
            yield
        finally:
            stopping.set()


async def is_built(world: World) -> bool:
    """Whether `txn status` would call the second generation of the index complete."""
    try:
        status = await Observer(world.kinesis, world.dynamodb, of_generation(world)).look()
    except StoreError:
        return False  # the tables are not there yet
    return all(worker.drained for worker in status.workers if worker.kind == "index")


async def rebuild(world: World, *origins: Origin) -> None:
    async with rebuilding(world, *origins):
        await until(lambda: is_built(world))


async def send_all_sorts(world: World) -> None:
    """Events alone and aggregated, over two shards: repeats, conflicts in either order, spellings, poison."""
    first = event("conflicted", accepted_at=later(0))
    other = twin(first, accepted_at=later(1), amount_minor=1)
    again = twin(first, accepted_at=later(2), amount_minor=1)
    await world.send(other, again, twin(first, accepted_at=later(3)), hash_key=LOW)
    await world.send(first, twin(first, accepted_at=later(4), amount_minor=2), hash_key=HIGH)
    names = ("ACME  shop", "Acme Shop", "acme shop")
    await world.send_aggregate(
        *(event(merchant={"name": name}, accepted_at=later(-i)) for i, name in enumerate(names))
    )
    await world.send(*(event() for _ in range(10)), b"poison", hash_key=HIGH)


async def forget_stream(world: World, settings: Settings | None = None) -> None:
    """The stream as it is when retention has passed: there, with shards of the same ids, and empty."""
    stream = (settings or world.settings).stream
    await world.kinesis.delete_stream(StreamName=stream)
    await until(lambda: _is_gone(world, stream))
    await world.kinesis.create_stream(StreamName=stream, ShardCount=world.settings.stream_shards)
    await until(world._is_active)


async def _is_gone(world: World, stream: str) -> bool:
    return stream not in (await world.kinesis.list_streams())["StreamNames"]


@pytest.fixture
async def two_shards(world: World) -> World:
    """A world whose one shard was split, with something before and after."""
    await world.send(*(event() for _ in range(5)), hash_key=LOW)
    await world.split(shard(0))
    return world


async def test_from_the_horizon_the_tables_are_equal_item_by_item(two_shards: World) -> None:
    """By two processes at once, while the worker of the served generation goes on."""
    world = two_shards
    async with world.working("index"):
        await send_all_sorts(world)
        await rebuild(world, HORIZON, HORIZON)
    await world.drain("index")
    await rebuild(world, HORIZON)
    assert await items(world, of_generation(world)) == await items(world)


async def test_replaying_the_whole_stream_changes_nothing(two_shards: World) -> None:
    """With every checkpoint reset, in both views: no item of a table changes, no object comes or goes."""
    world = two_shards
    await send_all_sorts(world)
    await world.drain("index", "archive")
    before, objects = await items(world), await world.objects()
    for kind in ("index", "archive"):
        for row in await world.leases(kind).rows():
            key = {"leaseKey": {"S": row.shard_id}}
            names = TableNames.of(world.settings)
            await world.dynamodb.delete_item(TableName=names.leases(kind), Key=key)
    await world.drain("index")
    assert await items(world) == before
    assert await world.objects() == objects
    await world.drain("archive")
    assert {row.position for row in await world.lake()} == {p for p in world.sent if world.sent[p] != b"poison"}
