"""The archive's protocol on real servers: a crash after any step, and whatever a successor then finds."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.builders import position
from tests.workers.builders import ALICE, BOB, event, later, shard
from tests.workers.conftest import StackFixture, until
from txn_core.aws.objects import ObjectStore
from txn_core.exceptions import StoreError
from txn_core.lake.layout import RAW_PREFIX
from txn_core.positions import Position
from workers.archive.archive_processor import Archive, ArchiveMetrics, ArchiveProcessor
from workers.archive.buffer import BufferTotal, FlushLimits
from workers.events.dead_letters import DeadLetterBox, Seal
from workers.leases.held import HeldLease, LeaseLostError
from workers.leases.lease import FlushPlan, Lease, WorkerName
from workers.leases.ledger import Tally
from workers.leases.shards import leases_lacking, list_shards
from workers.metrics import ShardLag, WorkerMetrics
from workers.planned.planned_object import PlannedObjects, object_last
from workers.reading.reader import ShardReader

PLAN = FlushPlan(position(7, 1), position(9), later(0), 3)


class CrashError(Exception):
    """The process ended here."""


@dataclass
class Site:
    """Where one worker archives one shard, step by step."""

    world: StackFixture
    rows: int = 4
    records_max: int = 100

    async def lease(self, owner: WorkerName) -> HeldLease:
        """Take the one shard's lease, whoever had it."""
        table = self.world.leases("archive")
        for row in leases_lacking(
            await list_shards(self.world.kinesis, self.world.settings.stream), await table.rows()
        ):
            await table.create(row)
        (row,) = await table.rows()
        assert await table.write(row, row.taken(owner))
        return HeldLease(table, row.taken(owner))

    def processor(self, lease: HeldLease, store: ObjectStore | None = None) -> ArchiveProcessor:
        metrics, store = WorkerMetrics("archive"), store or self.world.store
        dead_letters = DeadLetterBox(
            store, Seal.of(self.world.settings), "archive", self.world.settings.stream, metrics
        )
        limits = FlushLimits(rows=self.rows, bytes=1 << 20, age_s=60.0)
        archive = Archive(
            PlannedObjects(store),
            dead_letters,
            metrics,
            ArchiveMetrics(metrics),
            limits,
            BufferTotal(),
            self.world.checkpointer("archive"),
            asyncio.Semaphore(1),
        )
        return ArchiveProcessor(archive, lease, ShardLag())

    async def drain(self, lease: HeldLease, store: ObjectStore | None = None) -> None:
        """Read to the tip and flush everything."""
        settings, row = self.world.settings, lease.row
        reader = ShardReader(
            self.world.kinesis,
            settings.stream,
            row.shard_id,
            row.checkpoint,
            records_max=self.records_max,
            idle_s=0.2,
        )
        processor = self.processor(lease, store)
        while True:
            batch = await reader.read()
            await processor.take(batch)
            if batch.at_tip:
                break
        await processor.finish()


class CrashingLease(HeldLease):
    """The holder ends before or after one of its writes."""

    def __init__(self, lease: HeldLease, step: str) -> None:
        super().__init__(lease._table, lease.row)
        self._step = step

    async def store_plan(self, plan: FlushPlan) -> None:
        await self._around("plan", super().store_plan(plan))

    async def advance(self, to: Position, tally: Tally | None = None) -> None:
        await self._around("checkpoint", super().advance(to, tally))

    async def _around(self, what: str, write: Awaitable[None]) -> None:
        if self._step == f"before {what}":
            write.close()  # type: ignore[attr-defined]
            raise CrashError
        await write
        if self._step == f"after {what}":
            raise CrashError


class CrashingStore(ObjectStore):
    """The writer ends before or after it writes an object whose name begins so."""

    def __init__(self, store: ObjectStore, step: str, prefix: str) -> None:
        super().__init__(store._client, store._bucket)
        self._step, self._prefix = step, prefix

    async def put_if_absent(self, key: str, body: bytes, metadata: Mapping[str, str]) -> bool:
        if not key.startswith(self._prefix):
            return await super().put_if_absent(key, body, metadata)
        if self._step == "before object":
            raise CrashError
        await super().put_if_absent(key, body, metadata)
        raise CrashError


class RefusingStore(ObjectStore):
    """S3 answers each put with a refusal."""

    def __init__(self, store: ObjectStore, code: str, status: int) -> None:
        super().__init__(store._client, store._bucket)
        self._refusal: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}

    async def put_if_absent(self, key: str, body: bytes, metadata: Mapping[str, str]) -> bool:
        raise ClientError(self._refusal, "PutObject")


@pytest.mark.parametrize(
    ("code", "status"),
    [("AccessDenied", 403), ("NoSuchBucket", 404), ("EntityTooLarge", 400), ("InvalidRequest", 400)],
)
async def test_a_refusal_by_s3_blames_no_record(world: StackFixture, code: str, status: int) -> None:
    """S3 looks at no byte of an object: nothing is set apart, and the plan waits for the store to be mended."""
    await world.send(event(), event())
    lease = await Site(world).lease(ALICE)
    with pytest.raises(ClientError, match=code):
        await Site(world).drain(lease, RefusingStore(world.store, code, status))
    assert lease.row.plan is not None
    assert await world.dead_letters() == []
    await Site(world).drain(await Site(world).lease(BOB))
    await world.assert_lake_exact()
    assert await world.ledger("archive") == await world.arrival_minutes()


STEPS = ["before plan", "after plan", "before object", "after object", "before checkpoint", "after checkpoint"]


@pytest.mark.parametrize("step", STEPS)
async def test_a_successor_completes_whatever_a_crash_left(world: StackFixture, step: str) -> None:
    """Each position stands in the lake once, and poison in the dead letters once, wherever the writer ended.

    The successor has other limits, reads more than the plan covers, and still writes the plan's object.
    """
    (poison,) = await world.send(b"poison")
    await world.send(event(), event())
    await world.send_aggregate(*(event() for _ in range(5)))
    first = await Site(world).lease(ALICE)
    store = CrashingStore(world.store, step, RAW_PREFIX) if "object" in step else None
    with pytest.raises(CrashError):
        await Site(world).drain(CrashingLease(first, step), store)
    await world.send(event(), event(), event())
    successor = await Site(world).lease(BOB)
    await Site(world, rows=3).drain(successor)
    await world.assert_lake_exact(poison=[poison])
    assert [letter.data for letter in await world.dead_letters()] == [b"poison"]
    assert successor.row.plan is None
    assert await world.ledger("archive") == await world.arrival_minutes()
    if step != "before plan":
        keys = [key async for key in world.store.keys(RAW_PREFIX)]
        names = [object_last(await world.store.metadata(key), shard(0)) for key in keys]
        # The crashed one's range ends inside the aggregate, after its first record.
        assert any(last.sub_sequence_number == 0 and last.sequence_number != "0" for last in names)


async def test_a_zombie_and_its_successor_write_one_object(world: StackFixture) -> None:
    """The zombie wakes up before its put, after the successor has carried out the plan: it changes nothing."""
    await world.send(*(event() for _ in range(4)))
    awake, asleep = asyncio.Event(), asyncio.Event()

    class SleepingStore(ObjectStore):
        async def put_if_absent(self, key: str, body: bytes, metadata: Mapping[str, str]) -> bool:
            asleep.set()
            await awake.wait()
            return await super().put_if_absent(key, body, metadata)

    sleeping = SleepingStore(world.store._client, world.store._bucket)
    zombie = asyncio.ensure_future(Site(world).drain(await Site(world).lease(ALICE), sleeping))
    await asyncio.wait_for(asleep.wait(), 10)
    await Site(world).drain(await Site(world).lease(BOB))
    before = await world.objects()
    awake.set()
    with pytest.raises(LeaseLostError):
        await asyncio.wait_for(zombie, 10)
    assert await world.objects() == before
    await world.assert_lake_exact()
    assert await world.ledger("archive") == await world.arrival_minutes()


async def test_an_object_that_is_there_decides_how_far_the_shard_is_done(world: StackFixture) -> None:
    """A lake that was written before (a replay into it) is neither rewritten nor doubled.

    Not even where an object covers more than was read when it was found.
    """
    await world.send(*(event() for _ in range(7)))
    await Site(world).drain(await Site(world).lease(ALICE))
    before = await world.objects()
    table = world.leases("archive")
    (row,) = await table.rows()
    await table.write(row, Lease(shard_id=row.shard_id, counter=row.counter + 1))
    await Site(world, rows=2, records_max=2).drain(replay := await Site(world).lease(BOB))
    assert await world.objects() == before
    assert replay.row.checkpoint.covers(max(world.sent, key=Position.within_shard))
    assert await world.ledger("archive") == await world.arrival_minutes()


async def test_a_range_of_poison_alone_is_checkpointed_without_an_object(world: StackFixture) -> None:
    await world.send(*(b"poison" for _ in range(4)))
    lease = await Site(world).lease(ALICE)
    await Site(world).drain(lease)
    assert await world.lake() == []
    assert len(await world.dead_letters()) == 4
    assert lease.row.checkpoint.covers(max(world.sent, key=Position.within_shard))


async def test_a_plan_of_poison_alone_is_carried_out_by_the_successor(world: StackFixture) -> None:
    """It names no object; what it leads to is letters and a checkpoint."""
    await world.send(*(b"poison" for _ in range(4)))
    with pytest.raises(CrashError):
        await Site(world).drain(CrashingLease(await Site(world).lease(ALICE), "before checkpoint"))
    successor = await Site(world).lease(BOB)
    assert successor.row.plan is not None
    await Site(world).drain(successor)
    assert len(await world.dead_letters()) == 4
    assert successor.row.plan is None


async def test_a_planned_range_that_reads_differently_ends_the_work(world: StackFixture) -> None:
    """Unless the stream has let records go, that is a fault of ours, and an object must not be made of it."""
    places = await world.send(*(event() for _ in range(3)))
    lease = await Site(world).lease(ALICE)
    await lease.store_plan(FlushPlan(places[0], places[-1], later(0), positions=4))
    with pytest.raises(StoreError, match="another number"):
        await Site(world).drain(await Site(world).lease(BOB))
    assert await world.lake() == []


async def test_what_retention_took_is_said_and_the_rest_is_kept(
    world: StackFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    places = await world.send(*(event() for _ in range(3)))
    lost = Position(places[0].shard_id, type(places[0].sequence_number)(str(int(places[0].sequence_number) - 1)))
    lease = await Site(world).lease(ALICE)
    await lease.store_plan(FlushPlan(lost, places[1], later(0), positions=3))
    await Site(world).drain(await Site(world).lease(BOB))
    await world.assert_lake_exact()
    said = capsys.readouterr().out
    assert "records_lost_by_retention" in said
    assert "planned" in said


async def test_flushes_come_by_age_and_by_rows(world: StackFixture) -> None:
    """An idle shard's last rows are in the lake soon, and no object is larger than it may be."""
    settings = world.settings.model_copy(update={"archive_flush_rows": 10})
    async with world.working("archive", settings=settings):
        await world.send(*(event() for _ in range(25)))
        await until(lambda: world.drained("archive"))
        await world.assert_lake_exact()
    keys = [key async for key in world.store.keys(RAW_PREFIX)]
    rows = [int((await world.store.metadata(key))["rows"]) for key in keys]
    assert sum(rows) == 25
    assert max(rows) <= 10
