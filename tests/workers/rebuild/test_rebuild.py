"""The index rebuilt beside the one that is served: from the stream, or from the lake and the stream behind it."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from rich.console import Console
from structlog.testing import capture_logs

from tests.builders import ARRIVED_AT
from tests.workers.builders import event, later, lease, records, shard, twin
from tests.workers.conftest import StackFixture, until
from txn_cli.status.observer import Observer
from txn_cli.status.status_report import document
from txn_cli.status.status_table import show_status
from txn_core import drains
from txn_core.aws.objects import ObjectStore
from txn_core.bootstrap import bootstrap
from txn_core.drains import INDEX
from txn_core.dynamodb.item_form import event_of
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import LAYOUT_ID, TransactionTable
from txn_core.exceptions import SettingsError, StoreError
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.lake.columns import table_of
from txn_core.lake.parquet import parquet_of
from txn_core.settings import Settings
from txn_core.transactions.instants import Instant, instant_of
from workers.events.dead_letters import DeadLetterBox, Seal
from workers.hosts.process import work
from workers.index.index_drain import index_of, open_index
from workers.leases.lease import SHARD_END, Checkpoint
from workers.leases.table import LeaseTable
from workers.metrics import WorkerMetrics
from workers.planned.planned_object import object_key, object_metadata, plan_of
from workers.rebuild import lake_replay
from workers.rebuild.lake_progress import LakeCount, LakeProgress, Snapshot
from workers.rebuild.lake_replay import LakeReplay
from workers.rebuild.rebuild import LAKE, Origin, Source, begin

HORIZON = Origin(Source.HORIZON)
LOW, HIGH = 0, 2**127


def of_generation(world: StackFixture, number: int = 2) -> Settings:
    return world.settings.model_copy(update={"index_generation": number})


async def items(world: StackFixture, settings: Settings | None = None) -> dict[str, dict[str, Any]]:
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
async def rebuilding(world: StackFixture, *origins: Origin) -> AsyncIterator[None]:
    """A process for each origin that builds the second generation, for the time of the block."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for origin in origins:
            tasks.create_task(work(INDEX, of_generation(world), stopping, partial(open_index, origin=origin)))
        try:
            yield
        finally:
            stopping.set()


async def is_built(world: StackFixture) -> bool:
    """Whether `txn status` would call the second generation of the index complete."""
    try:
        status = await Observer(world.kinesis, world.dynamodb, of_generation(world)).look()
    except StoreError:
        return False  # the tables are not there yet
    return all(worker.drained for worker in status.workers if worker.kind == "index")


async def rebuild(world: StackFixture, *origins: Origin) -> None:
    async with rebuilding(world, *origins):
        await until(lambda: is_built(world))


async def send_all_sorts(world: StackFixture) -> None:
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


@pytest.fixture
async def two_shards(world: StackFixture) -> StackFixture:
    """A world whose one shard was split, with something before and after."""
    await world.send(*(event() for _ in range(5)), hash_key=LOW)
    await world.split(shard(0))
    return world


async def test_from_the_horizon_the_tables_are_equal_item_by_item(two_shards: StackFixture) -> None:
    """By two processes at once, while the worker of the served generation goes on."""
    world = two_shards
    async with world.working("index"):
        await send_all_sorts(world)
        await rebuild(world, HORIZON, HORIZON)
    await world.drain("index")
    await rebuild(world, HORIZON)
    assert await items(world, of_generation(world)) == await items(world)


async def test_replaying_the_whole_stream_changes_nothing(two_shards: StackFixture) -> None:
    """With every checkpoint reset, in both views: no item of a table changes, no object comes or goes."""
    world = two_shards
    await send_all_sorts(world)
    await world.drain("index", "archive")
    before, objects = await items(world), await world.objects()
    names = TableNames.of(world.settings)
    for kind in drains.names():
        for row in await LeaseTable(world.dynamodb, names.leases(kind)).rows():
            await world.dynamodb.delete_item(TableName=names.leases(kind), Key={"leaseKey": {"S": row.shard_id}})
    await world.drain("index", "archive")
    assert await items(world) == before
    assert await world.objects() == objects


async def test_from_the_lake_the_tables_are_equal_item_by_item(two_shards: StackFixture) -> None:
    """Each shard is read from where the archive was; all before comes from the lake. Two processes share the work."""
    world = two_shards
    await send_all_sorts(world)
    await world.drain("archive")
    archived = {row.shard_id: row.checkpoint for row in await world.leases("archive").rows()}
    async with world.working("index", "archive"):
        await world.spread(*(event() for _ in range(10)))
        await rebuild(world, LAKE, LAKE)
        await until(lambda: world.drained("index"))
    assert await items(world, of_generation(world)) == await items(world)
    snapshot = await lake_progress(world).snapshot()
    assert snapshot is not None
    assert snapshot.listed
    assert {shard_id: snapshot.checkpoints[shard_id].shard_ended for shard_id in archived} == {
        shard_id: at.shard_ended for shard_id, at in archived.items()
    }


async def test_the_stream_is_read_from_where_the_lake_ends(world: StackFixture) -> None:
    """What the stream may have let go of long ago is not asked of it."""
    await world.send(*(event() for _ in range(3)))
    await world.drain("archive")
    (archived,) = await world.leases("archive").rows()
    progress = await begin(LAKE, of_generation(world), world.kinesis, world.dynamodb)
    (seeded,) = await LeaseTable(world.dynamodb, TableNames.of(of_generation(world)).leases("index")).rows()
    assert seeded.checkpoint == archived.checkpoint
    assert await items(world, of_generation(world)) == {}
    assert progress is not None
    assert await progress.count() == LakeCount(parts=0, parts_done=0, listed=False, cut_off=())


def lake_progress(world: StackFixture) -> LakeProgress:
    return LakeProgress(world.dynamodb, TableNames.of(of_generation(world)).lake_progress)


class CountingStore(ObjectStore):
    """Notes which objects are read, and ends the process at one."""

    def __init__(self, store: ObjectStore, *, crash_at: int | None = None) -> None:
        super().__init__(store._client, store._bucket)
        self.read_keys: list[str] = []
        self._crash_at = crash_at

    async def read(self, key: str) -> bytes:
        if len(self.read_keys) == self._crash_at:
            raise CrashError
        self.read_keys.append(key)
        return await super().read(key)


class CrashError(Exception):
    """The process ended here."""


async def replay_of(world: StackFixture, store: ObjectStore) -> LakeReplay:
    """A process that reads the lake into the second generation, its tables and leases made."""
    context = replace(world.context("index", settings=of_generation(world)), store=store)
    progress = await begin(LAKE, context.settings, world.kinesis, world.dynamodb)
    assert progress is not None
    return LakeReplay(store, context.seal, await index_of(context), progress)


async def put_object(world: StackFixture, *records: StreamRecord) -> str:
    """An object of the lake as the archive writes it."""
    plan = plan_of(records)
    await world.store.put_if_absent(
        object_key(plan), parquet_of(table_of(records)), object_metadata(plan, len(records))
    )
    return object_key(plan)


async def test_a_replay_of_the_lake_goes_on_behind_the_last_object_that_is_done(
    world: StackFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever ended had claimed an hour; its successor takes it over, and reads no object that is done."""
    monkeypatch.setattr(lake_replay, "SLICE_ROWS_MAX", 2)
    hour = timedelta(hours=1)
    batches = [
        records(*(event() for _ in range(3)), start=10 * n, at=ARRIVED_AT + (n // 2) * hour) for n in range(1, 6)
    ]
    keys = [await put_object(world, *batch) for batch in batches]
    crashing = await replay_of(world, CountingStore(world.store, crash_at=2))
    with pytest.raises(CrashError):
        await crashing.run()
    count = await crashing.progress.count()
    assert count == LakeCount(parts=3, parts_done=1, listed=True, cut_off=())
    successor = CountingStore(world.store)
    replay = await replay_of(world, successor)
    await replay.run()
    assert sorted(successor.read_keys) == sorted(keys)[2:]
    count = await replay.progress.count()
    assert count is not None
    assert count.complete
    stored = {
        event_of(item).encode() for item in (await items(world, of_generation(world))).values() if "event" in item
    }
    assert stored == {record.data for batch in batches for record in batch}


async def test_what_only_the_lake_refused_is_taken_from_its_dead_letters(world: StackFixture) -> None:
    """Then the outcome is as by reading the stream, also for what became no row; a lost key is said, not fatal."""
    sound, poison, unwritable = records(event("kept-in-a-letter"), b"poison", event("no-row-of-the-lake"))
    metrics = WorkerMetrics("archive")
    box = DeadLetterBox(world.store, Seal.of(world.settings), "archive", world.settings.stream, metrics)
    await box.unwritable(unwritable, "ArrowInvalid")
    for seal in (Seal.of(world.settings), Seal(bytes(32))):
        box = DeadLetterBox(world.store, seal, "archive", world.settings.stream, metrics)
        await box.undecodable(sound, "refused by Arrow")
        await box.undecodable(poison, "json_invalid at /")
        sound, poison = (r._replace(position=replace(r.position, sub_sequence_number=9)) for r in (sound, poison))
    with capture_logs() as logs:
        await (await replay_of(world, world.store)).run()
    assert [log["event"] for log in logs].count("dead_letter_unreadable") == 2
    await assert_never_complete(world, cannot_be_read="dead-letters/undecodable/dt=2026-01-02/archive-")
    assert {"acme#kept-in-a-letter", "acme#no-row-of-the-lake"} <= (await items(world, of_generation(world))).keys()
    dead_letters = [key for key in await world.objects() if "/index-" in key]
    assert len(dead_letters) == 1


async def assert_never_complete(world: StackFixture, *, cannot_be_read: str) -> None:
    """The parts are done, and yet the status waits: something is known to lack, and it says what."""
    status = await Observer(world.kinesis, world.dynamodb, of_generation(world)).look()
    (index,) = [worker for worker in status.workers if worker.kind == "index"]
    assert index.lake is not None
    assert (index.lake.parts_done, index.lake.unreadable) == (index.lake.parts, (cannot_be_read,))
    assert not index.drained
    console = Console(file=io.StringIO(), width=200)
    show_status(status, console)
    assert f"cannot be read: {cannot_be_read}" in console.file.getvalue()  # type: ignore[attr-defined]
    assert document(status)["workers"]["index"]["lake"]["unreadable"] == [cannot_be_read]  # type: ignore[index]


async def test_a_shard_that_left_the_stream_unarchived_is_said_loudly(world: StackFixture) -> None:
    """The rebuild goes on without its end, and never calls itself complete."""
    gone = lease(7, checkpoint=Checkpoint("123", 4))
    await world.leases("archive").create(gone)
    await world.leases("archive").create(lease(6, checkpoint=Checkpoint(SHARD_END)))
    with capture_logs() as logs:
        replay = await replay_of(world, world.store)
    assert {log["shard"] for log in logs if log["event"] == "records_lost_by_retention"} == {gone.shard_id}
    await replay.run()
    status = await Observer(world.kinesis, world.dynamodb, of_generation(world)).look()
    (index,) = [worker for worker in status.workers if worker.kind == "index"]
    assert index.lake == LakeCount(parts=0, parts_done=0, listed=True, cut_off=(gone.shard_id,))
    assert not index.drained
    console = Console(file=io.StringIO(), width=200)
    show_status(status, console)
    assert f"gone from the stream: {gone.shard_id}" in console.file.getvalue()  # type: ignore[attr-defined]
    assert document(status)["workers"]["index"]["lake"]["cut_off"] == [gone.shard_id]  # type: ignore[index]


async def test_a_lake_without_the_archives_leases_is_said_loudly(world: StackFixture) -> None:
    with capture_logs() as logs:
        await replay_of(world, world.store)
    assert "lake_end_unknown" in {log["event"] for log in logs}


async def test_the_first_snapshot_counts(world: StackFixture) -> None:
    """A process that joins later must not raise the point from which the stream is read: the lake is listed."""
    await replay_of(world, world.store)
    progress = lake_progress(world)
    late = Snapshot({shard(0): Checkpoint("99")}, ())
    await progress.keep_snapshot(late)
    assert await progress.snapshot() == Snapshot({}, ())


async def test_from_a_moment_only_what_arrived_since_is_indexed(two_shards: StackFixture) -> None:
    """On every shard that is there at the beginning; also when another process goes on with it."""
    world = two_shards
    began = datetime.now(UTC)
    await until(lambda: _is_a_later_second(began))
    moment = instant_of(datetime.now(UTC))
    since = [event() for _ in range(6)]
    await world.spread(*since[:3])
    origin = Origin.parse(f"AT_TIMESTAMP={moment}")
    await rebuild(world, origin)
    await world.spread(*since[3:])
    await rebuild(world, origin)
    built = await items(world, of_generation(world))
    assert {event_of(item).encode() for item in built.values() if "event" in item} == set(since)


async def _is_a_later_second(than: datetime) -> bool:
    return datetime.now(UTC).replace(microsecond=0) > than


async def test_a_rebuilt_generation_goes_on_as_the_one_that_is_served(world: StackFixture) -> None:
    """After the switch an ordinary worker with the setting continues it; the old one stays as it was."""
    await world.send(event())
    await world.drain("index")
    await rebuild(world, HORIZON)
    before = await items(world)
    await world.send(event())
    await world.drain("index", settings=of_generation(world))
    assert await items(world) == before
    assert len(await items(world, of_generation(world))) == len(before) + 1


async def test_a_generation_goes_on_as_it_was_begun(world: StackFixture) -> None:
    """Mixing origins would leave gaps that nobody sees."""
    await begin(HORIZON, of_generation(world), world.kinesis, world.dynamodb)
    with pytest.raises(StoreError, match="generation 2 was begun from TRIM_HORIZON, not from LAKE"):
        await begin(LAKE, of_generation(world), world.kinesis, world.dynamodb)


async def test_bootstrap_makes_no_further_generation(world: StackFixture) -> None:
    """A mistyped setting must not serve an empty index."""
    settings = of_generation(world, 3)
    await bootstrap(settings)
    with pytest.raises(StoreError, match="does not exist"):
        await TransactionTable.open(world.dynamodb, TableNames.of(settings).transactions)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("TRIM_HORIZON", HORIZON),
        (
            "AT_TIMESTAMP=2026-01-02T03:04:05.9+01:00",
            Origin(Source.TIMESTAMP, Instant("2026-01-02T02:04:05.000000Z")),
        ),
    ],
)
def test_an_origin_is_read(text: str, origin: Origin) -> None:
    assert Origin.parse(text) == origin
    assert Origin.parse(str(origin)) == origin


@pytest.mark.parametrize(
    "text", ["", "LATEST", "AT_TIMESTAMP", "AT_TIMESTAMP=yesterday", "AT_TIMESTAMP=2999-01-01T00:00:00Z", "LAKE"]
)
def test_another_origin_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="--from is TRIM_HORIZON or AT_TIMESTAMP="):
        Origin.parse(text)
