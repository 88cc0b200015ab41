"""A host without leases on the real local servers, and on a table in memory by a clock of the test's own."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.builders import ARRIVED_AT, position
from tests.support.virtual_time import in_virtual_time, run_in_virtual_time
from tests.workers.builders import ALICE, BOB, event, lease, records, shard, twin
from tests.workers.conftest import StackFixture, until, world_of
from tests.workers.dummy_drain import DUMMY
from tests.workers.leases.test_stream_watch import Stream, refused
from tests.workers.memory_table import MemoryTable
from tests.workers.test_further_drain import reconciled
from txn_core import drains
from txn_core.exceptions import OutageError, StoreError
from txn_core.kinesis.record_batch import RecordBatch, RecordRun, StreamRecord
from txn_core.positions import Position, ShardId
from txn_core.settings import Settings
from workers.context import opener_of
from workers.drain import Cursor, Drain
from workers.hosts import unleased
from workers.hosts.ended_parents import LOOK_S_MAX
from workers.hosts.unleased import GIVE_UP_S, RESERVE_S, UnleasedHost
from workers.leases.held import HeldLease, LeaseLostError
from workers.leases.lease import Checkpoint, Lease
from workers.leases.ledger import tally_of
from workers.leases.stream_watch import StreamWatch
from workers.metrics import WorkerMetrics
from workers.reading.reader import Batch, ShardReader
from workers.retries import UNLIMITED, Patience

ENOUGH_S = 30.0
FAILOVER_S = 10.0
KINDS = ("index", DUMMY.name)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The third drain, which like the index is hosted by both hosts."""
    monkeypatch.setitem(drains.REGISTRY, DUMMY.name, DUMMY)


@pytest.fixture
async def world(registered: None, settings: Settings) -> AsyncIterator[StackFixture]:
    async with world_of(settings) as made:
        yield made


async def hosted(world: StackFixture, kind: str) -> UnleasedHost:
    """A host with a drain open, as a process of its own would have it."""
    context = world.context(kind)
    return UnleasedHost.of(context, await opener_of(context.definition)(context))


async def on_stream(world: StackFixture, number: int = 0) -> RecordBatch:
    """All that a shard holds."""
    settings = world.settings
    reader = ShardReader(world.kinesis, settings.stream, shard(number), Checkpoint(), records_max=100, idle_s=0.0)
    runs: list[RecordRun] = []
    while not ((batch := await reader.read()).at_tip or batch.ended):
        runs += batch.records.runs
    return RecordBatch([*runs, *batch.records.runs])


def soon() -> float:
    return asyncio.get_running_loop().time() + ENOUGH_S


@asynccontextmanager
async def beside(world: StackFixture) -> AsyncIterator[StackFixture]:
    """The same stream with tables and a bucket of its own."""
    name = f"{world.settings.table_prefix}-other"
    settings = world.settings.model_copy(update={"table_prefix": name, "bucket": name})
    async with world_of(settings) as other:
        yield other


async def written(world: StackFixture, kind: str) -> dict[str, list[str]]:
    """What a drain's own tables hold."""
    names, found = world.context(kind).names, {}
    for shape in drains.REGISTRY[kind].tables:
        pages = world.dynamodb.get_paginator("scan").paginate(TableName=names.of_drain(kind, shape.name))
        found[shape.name] = sorted([repr(sorted(item.items())) async for page in pages for item in page["Items"]])
    return found


@pytest.mark.parametrize("kind", KINDS)
async def test_a_drain_writes_the_same_under_either_host(world: StackFixture, kind: str) -> None:
    """Repeats, conflicts and poison included; the ledger and the state of the shard are the same, too."""
    first = event()
    await world.send(first, *(event() for _ in range(10)), twin(first), twin(first, amount_minor=1), b"poison")
    await world.send_aggregate(*(event() for _ in range(30)))
    await world.drain(kind)
    async with beside(world) as other:
        host, all_records = await hosted(other, kind), await on_stream(world)
        for at in range(0, len(all_records), 7):  # as a mapping would hand them over, one batch after the other
            assert await host.process(all_records[at : at + 7], soon()) is None
        assert await written(other, kind) == await written(world, kind) != {}
        assert await other.ledger(kind) == await world.ledger(kind) == await world.arrival_minutes()
        assert await other.drained(kind)
        (here,), (there,) = await world.leases(kind).rows(), await other.leases(kind).rows()
        assert there.owner is None
        assert (there.checkpoint, there.hash_keys, there.stream) == (here.checkpoint, here.hash_keys, here.stream)
        assert sorted(letter.reason for letter in await other.dead_letters()) == sorted(
            letter.reason for letter in await world.dead_letters()
        )


@pytest.mark.parametrize("kind", KINDS)
async def test_records_that_are_handed_over_again_change_nothing(world: StackFixture, kind: str) -> None:
    await world.send_aggregate(*(event() for _ in range(20)))
    found = await on_stream(world)
    assert await (await hosted(world, kind)).process(found, soon()) is None
    rows, tables = await world.leases(kind).rows(), await written(world, kind)
    for part in (found, found[:5], found[5:]):
        assert await (await hosted(world, kind)).process(part, soon()) is None
    assert await world.leases(kind).rows() == rows
    assert await written(world, kind) == tables


async def test_hosts_that_overlap_lose_nothing_and_note_nothing_twice(
    world: StackFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each was handed the shard from its beginning, and got a different part of it."""
    monkeypatch.setattr(unleased, "RECORDS_AT_ONCE", 3)
    await world.send(*(event() for _ in range(40)))
    found = await on_stream(world)
    async with asyncio.TaskGroup() as tasks:
        given = [
            tasks.create_task((await hosted(world, DUMMY.name)).process(found[:stop], soon()))
            for stop in (10, 25, 40, 40)
        ]
    assert [each.result() for each in given] == [None] * 4
    assert await world.ledger(DUMMY.name) == await world.arrival_minutes()
    assert len((await written(world, DUMMY.name))["dummy-rows"]) == 40
    await world.drain("archive", "index")
    assert (await reconciled(world, deep=True)).all_right


async def test_a_worker_goes_on_where_the_host_stopped_and_is_left_alone_by_it(world: StackFixture) -> None:
    """A shard has one host: while a worker holds its lease, nothing is processed without."""
    await world.send(*(event() for _ in range(6)))
    found = await on_stream(world)
    host = await hosted(world, DUMMY.name)
    assert await host.process(found[:3], soon()) is None
    async with world.working(DUMMY.name):
        await until(lambda: world.drained(DUMMY.name))
        (row,) = await world.leases(DUMMY.name).rows()
        assert row.owner is not None
        with pytest.raises(StoreError, match="holds the lease"):
            await host.process(found, soon())
    assert await world.ledger(DUMMY.name) == await world.arrival_minutes()


async def test_a_stream_that_was_made_again_is_not_read_with_the_rows_of_the_old_one(world: StackFixture) -> None:
    await world.send(event(), event())
    assert await (await hosted(world, DUMMY.name)).process(await on_stream(world), soon()) is None
    before = await world.leases(DUMMY.name).rows()
    await world.remake()
    await world.send(event())
    with pytest.raises(StoreError, match="made again"):
        await (await hosted(world, DUMMY.name)).process(await on_stream(world), soon())
    assert await world.leases(DUMMY.name).rows() == before


async def test_a_shard_that_was_split_is_ended_once_all_of_it_is_done(world: StackFixture) -> None:
    """Nobody tells this host of the end of a shard; without it the shard would never be shown as drained."""
    await world.send(*(event() for _ in range(4)))
    await world.split(shard(0))
    of_parent = await on_stream(world)
    await world.send(event(), hash_key=0)
    host = await hosted(world, DUMMY.name)
    assert await host.process(of_parent[:3], soon()) is None
    assert await (await hosted(world, DUMMY.name)).process(of_parent[:3], soon()) is None
    assert not await _ended(world), "a record is left"
    assert await host.process(of_parent, soon()) is None
    assert await (await hosted(world, DUMMY.name)).process(await on_stream(world, 1), soon()) is None
    assert await _ended(world) == [shard(0)]
    assert await world.drained(DUMMY.name)


async def _ended(world: StackFixture) -> list[ShardId]:
    return [row.shard_id for row in await world.leases(DUMMY.name).rows() if row.checkpoint.shard_ended]


# --- by a clock of the test's own


class FlakyTable(MemoryTable):
    """Rows whose writes take a while, and lose a request or an answer now and then."""

    def __init__(self, rng: random.Random, *rows: Lease) -> None:
        super().__init__(*rows)
        self._rng = rng

    async def write(self, seen: Lease, wanted: Lease) -> bool:
        await asyncio.sleep(self._rng.random() / 100)
        if (fate := self._rng.random()) < 0.15:
            raise TimeoutError
        landed = await super().write(seen, wanted)
        await asyncio.sleep(self._rng.random() / 100)
        if fate < 0.3:
            raise TimeoutError
        return landed


class Memory:
    """A drain into a dictionary: a store that takes its time, hangs at one record, or fails there."""

    def __init__(
        self,
        count: int,
        *,
        table: MemoryTable | None = None,
        hangs_at: int | None = None,
        fails_at: int | None = None,
    ) -> None:
        self.records = RecordBatch.of(records(*(b"%d" % number for number in range(count))))
        self.table = table or MemoryTable()
        self.hangs_at, self.fails_at = hangs_at, fails_at
        self.written: dict[Position, bytes] = {}
        self.abandoned = 0
        self.patience = UNLIMITED
        self.stream = Stream()

    def host(self) -> UnleasedHost:
        """A process of its own."""
        kinesis: Any = self.stream
        watch = StreamWatch(kinesis, "stream", self.table, WorkerMetrics("dummy"), kind="dummy")
        drain = Drain(lambda cursor, _: _Writing(self, cursor))
        return UnleasedHost(
            drain=drain,
            kinesis=kinesis,
            stream_name="stream",
            leases=self.table,
            stream=watch,
            failover_s=FAILOVER_S,
            patience=self.patience,
        )

    async def write(self, record: StreamRecord) -> None:
        await asyncio.sleep(0.1)
        match record.data:
            case data if data == b"%d" % (-1 if self.hangs_at is None else self.hangs_at):
                await asyncio.Event().wait()
            case data if data == b"%d" % (-1 if self.fails_at is None else self.fails_at):
                raise LookupError("a bug")
        self.written[record.position] = record.data

    def assert_done_to(self, count: int) -> None:
        """So many records are durable, checkpointed, and noted once."""
        row = self.table.stored[shard(0)]
        assert row.ledger is not None
        assert row.checkpoint == Checkpoint.at(self.records[count - 1].position)
        assert row.ledger.open == tally_of(self.records[:count])
        assert {record.position for record in self.records[:count]} <= self.written.keys()


class _Writing:
    def __init__(self, memory: Memory, cursor: Cursor) -> None:
        self._memory, self._cursor = memory, cursor
        self._taken: list[StreamRecord] = []

    async def take(self, batch: Batch) -> None:
        for record in batch.records:
            await self._memory.write(record)
            self._taken.append(record)

    async def finish(self) -> None:
        if self._taken:
            await self._cursor.advance(self._taken[-1].position, tally_of(self._taken))
            self._taken.clear()

    def abandon(self) -> None:
        self._memory.abandoned += 1


@pytest.fixture
def ten_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second's worth of records."""
    monkeypatch.setattr(unleased, "RECORDS_AT_ONCE", 10)


@in_virtual_time
async def test_it_stops_before_the_deadline_and_says_from_where_to_go_on(ten_at_once: None) -> None:
    memory, clock = Memory(100), asyncio.get_running_loop().time
    deadline_s = clock() + 5.0
    first = await memory.host().process(memory.records, deadline_s)
    assert deadline_s - RESERVE_S <= clock() < deadline_s
    assert first == memory.records[30].position
    memory.assert_done_to(30)
    assert await memory.host().process(memory.records[30:], clock() + 60.0) is None
    memory.assert_done_to(100)


@in_virtual_time
async def test_what_hangs_is_given_up_before_the_deadline(ten_at_once: None) -> None:
    """What was made durable before stays so, and nothing of the rest is held on to."""
    memory, clock = Memory(40, hangs_at=25), asyncio.get_running_loop().time
    deadline_s = clock() + 60.0
    assert await memory.host().process(memory.records, deadline_s) == memory.records[20].position
    assert clock() == pytest.approx(deadline_s - GIVE_UP_S)
    memory.assert_done_to(20)
    assert memory.abandoned == 1
    memory.hangs_at = None
    assert await memory.host().process(memory.records[20:], clock() + 60.0) is None
    memory.assert_done_to(40)


@in_virtual_time
async def test_without_any_time_nothing_is_begun() -> None:
    memory, clock = Memory(3), asyncio.get_running_loop().time
    for deadline_s in (clock() - 1.0, clock(), clock() + GIVE_UP_S):
        assert await memory.host().process(memory.records, deadline_s) == memory.records[0].position
    assert memory.written == {}


@in_virtual_time
async def test_nothing_is_done_for_no_records() -> None:
    memory = Memory(0)
    assert await memory.host().process(memory.records, 60.0) is None
    assert memory.table.stored == {}


@in_virtual_time
async def test_a_fault_is_raised_and_what_was_done_before_is_kept(ten_at_once: None) -> None:
    memory = Memory(40, fails_at=15)
    with pytest.raises(LookupError):
        await memory.host().process(memory.records, 60.0)
    memory.assert_done_to(10)
    assert memory.abandoned == 1


@in_virtual_time
async def test_a_worker_that_has_died_with_its_lease_is_waited_for_and_then_replaced() -> None:
    """Else the first killed worker would stop a shard that moves to this host for good."""
    memory, clock = Memory(3, table=MemoryTable(lease(owner=ALICE, wanted_by=BOB))), asyncio.get_running_loop().time
    began_s = clock()
    assert await memory.host().process(memory.records, began_s + 60.0) is None
    assert clock() - began_s >= FAILOVER_S
    memory.assert_done_to(3)
    row = memory.table.stored[shard(0)]
    assert (row.owner, row.wanted_by) == (None, None)
    with pytest.raises(LeaseLostError):
        await HeldLease(memory.table, lease(owner=ALICE)).advance(memory.records[0].position)


@in_virtual_time
async def test_a_worker_that_is_alive_keeps_its_lease() -> None:
    """It renews the lease while the host watches it."""
    table = MemoryTable(lease(owner=ALICE))
    memory = Memory(3, table=table)

    async def renew() -> None:
        await asyncio.sleep(FAILOVER_S / 2)
        assert await table.write(table.stored[shard(0)], table.stored[shard(0)].renewed())

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(renew())
        with pytest.raises(StoreError, match="holds the lease"):
            await memory.host().process(memory.records, asyncio.get_running_loop().time() + 60.0)
    assert (table.stored[shard(0)].owner, memory.written) == (ALICE, {})


@in_virtual_time
async def test_two_hosts_replace_a_dead_worker_together() -> None:
    memory = Memory(20, table=FlakyTable(random.Random(1), lease(owner=ALICE)))
    deadline_s = asyncio.get_running_loop().time() + 60.0
    async with asyncio.TaskGroup() as tasks:
        given = [tasks.create_task(memory.host().process(memory.records, deadline_s)) for _ in range(2)]
    assert [each.result() for each in given] == [None, None]
    memory.assert_done_to(20)


@in_virtual_time
async def test_an_outage_is_waited_for_as_long_as_the_patience_lasts(ten_at_once: None) -> None:
    """What was made durable before is kept."""

    class Away(MemoryTable):
        writes = 0

        async def write(self, seen: Lease, wanted: Lease) -> bool:
            self.writes += 1
            if self.writes > 3:  # of which one marks the row
                raise TimeoutError
            return await super().write(seen, wanted)

    memory, clock = Memory(40, table=Away(lease())), asyncio.get_running_loop().time
    began_s, memory.patience = clock(), Patience.lasting(20.0)
    with pytest.raises(OutageError):
        await memory.host().process(memory.records, began_s + 60.0)
    assert clock() - began_s == pytest.approx(20.0)
    memory.assert_done_to(20)


def test_a_drain_that_works_beside_the_stream_is_refused() -> None:
    async def task() -> None: ...

    watch: Any = None
    with pytest.raises(ValueError, match="beside the stream"):
        UnleasedHost(
            drain=Drain(_Writing, tasks=(task,)),  # type: ignore[arg-type]
            kinesis=watch,
            stream_name="stream",
            leases=MemoryTable(),
            stream=watch,
            failover_s=FAILOVER_S,
        )


@in_virtual_time
async def test_a_shard_that_the_stream_does_not_list_is_refused() -> None:
    memory = Memory(0)
    strange = RecordBatch.of([StreamRecord(b"", replace(position(1), shard_id=shard(7)), ARRIVED_AT)])
    with pytest.raises(StoreError, match="lists no shard"):
        await memory.host().process(strange, 60.0)


class Busy(Stream):
    """A stream with a closed parent whose reads are refused, as when others read it all the time."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_for: list[int] = []

    async def list_shards(self, **_: Any) -> dict[str, Any]:
        parent, child = shard(7), shard(0)
        return {"Shards": [{"ShardId": parent}, {"ShardId": child, "ParentShardId": parent}]}

    async def get_shard_iterator(self, **_: Any) -> dict[str, Any]:
        return {"ShardIterator": "one"}

    async def get_records(self, **asked: Any) -> dict[str, Any]:
        self.asked_for.append(asked["Limit"])
        raise refused("ProvisionedThroughputExceededException")


@in_virtual_time
async def test_a_parent_that_cannot_be_read_holds_up_no_child() -> None:
    """And none of its records is asked for that are not needed."""
    memory = Memory(3, table=MemoryTable(lease(7), lease(0, parents=(shard(7),))))
    memory.stream = busy = Busy()
    host, began_s = memory.host(), now_s()
    assert await host.process(memory.records, began_s + 60.0) is None
    assert now_s() - began_s < LOOK_S_MAX + 1.0
    memory.assert_done_to(3)
    assert set(busy.asked_for) == {1}
    reads = len(busy.asked_for)
    assert await host.process(memory.records, now_s() + 60.0) is None
    assert len(busy.asked_for) == reads
    assert not memory.table.stored[shard(7)].checkpoint.shard_ended


class Scanned(MemoryTable):
    """Counts its scans, which can be refused."""

    scans = 0
    fault: Exception | None = None

    async def rows(self) -> list[Lease]:
        self.scans += 1
        if self.fault is not None:
            raise self.fault
        return await super().rows()


async def _scans_of_an_hour(rows: int) -> int:
    """How often a host that is invoked every ten seconds scans a table."""
    table = Scanned(*(lease(number) for number in range(rows)))
    memory = Memory(1, table=table)
    memory.stream.begins = {shard(number): "1000" for number in range(rows)}
    host = memory.host()
    for _ in range(360):
        await host.process(memory.records, now_s() + 60.0)
        await asyncio.sleep(10.0)
    return table.scans


@in_virtual_time
async def test_the_more_rows_there_are_the_less_often_a_host_scans_them() -> None:
    """There are as many hosts as shards."""
    assert 50 <= await _scans_of_an_hour(2) <= 60
    assert 5 <= await _scans_of_an_hour(600) <= 7


@in_virtual_time
async def test_a_later_look_that_fails_does_not_hold_up_the_work() -> None:
    """The first must succeed: until then nobody knows whether the rows are this stream's."""
    table = Scanned(lease())
    memory = Memory(20, table=table)
    host = memory.host()
    assert await host.process(memory.records[:10], now_s() + 60.0) is None
    await asyncio.sleep(unleased.LOOK_EVERY_S)
    table.fault, began_s = refused("ProvisionedThroughputExceededException"), now_s()
    assert await host.process(memory.records[10:], began_s + 60.0) is None
    assert now_s() - began_s < 2.0
    memory.assert_done_to(20)
    memory.patience = Patience.lasting(5.0)
    with pytest.raises(OutageError):
        await memory.host().process(memory.records, now_s() + 60.0)


@in_virtual_time
async def test_a_stream_that_is_made_again_meanwhile_is_refused_at_each_call() -> None:
    memory = Memory(2)
    host = memory.host()
    assert await host.process(memory.records[:1], now_s() + 60.0) is None
    memory.stream.remake()
    await asyncio.sleep(unleased.LOOK_EVERY_S)
    for _ in range(3):
        with pytest.raises(StoreError, match="made again"):
            await host.process(memory.records, now_s() + 60.0)


def now_s() -> float:
    """The time of the event loop."""
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize("seed", range(60))
def test_whatever_happens_to_the_writes_of_overlapping_hosts_each_record_is_noted_once(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some are handed parts of the shard from its beginning on, at different times, and some run out of time."""
    rng = random.Random(seed)
    monkeypatch.setattr(unleased, "RECORDS_AT_ONCE", rng.randint(1, 8))
    memory = Memory(30, table=FlakyTable(rng, lease()))

    async def hand_over(stop: int) -> None:
        await asyncio.sleep(rng.random() * 2)
        await memory.host().process(memory.records[:stop], asyncio.get_running_loop().time() + rng.uniform(1, 20))

    async def run() -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(4):
                tasks.create_task(hand_over(rng.randint(1, 30)))
        left: Sequence[StreamRecord] = memory.records
        while first := await memory.host().process(RecordBatch.of(left), asyncio.get_running_loop().time() + 60.0):
            left = [record for record in left if record.position.within_shard() >= first.within_shard()]

    run_in_virtual_time(run())
    memory.assert_done_to(30)
