"""A worker's rounds, over a table and a stream in memory and on a clock of the test's own."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from tests.builders import position
from tests.support.virtual_time import in_virtual_time
from tests.workers.builders import ALICE, BOB, lease, shard
from tests.workers.memory_table import MemoryTable
from txn_core.aws.types import KinesisClient
from txn_core.exceptions import StoreError
from txn_core.positions import ShardId
from txn_core.readiness import NotReadyError
from txn_core.settings import Settings
from workers.drain import Processor
from workers.hosts.leased import Worker
from workers.leases.held import HeldLease
from workers.leases.lease import Lease
from workers.leases.stream_watch import StreamWatch
from workers.metrics import ShardLag, WorkerMetrics
from workers.reading.budget import ENTIRE_SHARD
from workers.reading.opening import polling
from workers.reading.reader import Batch

SETTINGS = Settings(lease_renew_s=2.0, lease_failover_s=10.0, shard_sync_s=10.0)
ARRIVED = datetime(2026, 1, 2, tzinfo=UTC)


class MemoryStream:
    """Shards that give one record each, and then their end when they are closed."""

    def __init__(self, *shards: tuple[ShardId, tuple[ShardId, ...]], closed: tuple[ShardId, ...] = ()) -> None:
        self.shards, self.closed = dict(shards), closed

    async def describe_stream_summary(self, **_: Any) -> dict[str, Any]:
        return {"StreamDescriptionSummary": {"StreamStatus": "ACTIVE"}}

    async def list_shards(self, **_: Any) -> dict[str, Any]:
        return {"Shards": [_listed(shard_id, parents) for shard_id, parents in self.shards.items()]}

    async def get_shard_iterator(self, **request: Any) -> dict[str, Any]:
        return {"ShardIterator": f"{request['ShardId']}/{request['ShardIteratorType']}"}

    async def get_records(self, *, ShardIterator: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - botocore's names
        shard_id, _slash, place = ShardIterator.partition("/")
        record = {"SequenceNumber": "10", "Data": b"a", "PartitionKey": "k", "ApproximateArrivalTimestamp": ARRIVED}
        answer: dict[str, Any] = {"Records": [record] if place == "TRIM_HORIZON" else [], "MillisBehindLatest": 0}
        return answer if shard_id in self.closed else answer | {"NextShardIterator": f"{shard_id}/tip"}


def _listed(shard_id: ShardId, parents: tuple[ShardId, ...]) -> dict[str, Any]:
    named = dict(zip(("ParentShardId", "AdjacentParentShardId"), parents, strict=False))
    return {"ShardId": shard_id, "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "9"}} | named


class Checkpointing:
    """A view that only checkpoints."""

    def __init__(self, row: HeldLease, _: ShardLag) -> None:
        self._lease = row

    async def take(self, batch: Batch) -> None:
        if batch.records:
            await self._lease.advance(batch.records[-1].position)

    async def finish(self) -> None: ...

    def abandon(self) -> None: ...


def worker(
    stream: MemoryStream,
    table: MemoryTable,
    name: Any = ALICE,
    processor: Callable[[HeldLease, ShardLag], Processor] = Checkpointing,
) -> Worker:
    client, metrics = cast("KinesisClient", stream), WorkerMetrics("index")
    return Worker(
        name=name,
        settings=SETTINGS,
        leases=table,
        processor=processor,
        metrics=metrics,
        stream=StreamWatch(client, SETTINGS.stream, table, metrics, kind="index"),
        open_reader=polling(client, SETTINGS, SETTINGS.stream, ENTIRE_SHARD),
    )


async def run_for(seconds: float, *workers: Worker) -> None:
    """Let workers work for a while, and stop them."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for one in workers:
            tasks.create_task(one.run(stopping))
        await asyncio.sleep(seconds)
        stopping.set()


@in_virtual_time
async def test_a_child_is_not_taken_while_another_worker_has_only_just_begun_with_its_parent() -> None:
    """The parent's row came between our scan and our own attempt to write it: it is seen before anything is taken."""

    class Raced(MemoryTable):
        async def create(self, lease: Lease) -> bool:
            self.stored.setdefault(shard(0), Lease(shard_id=shard(0), owner=BOB, counter=1))
            return await super().create(lease)

    table = Raced()
    await run_for(5.0, worker(MemoryStream((shard(0), ()), (shard(1), (shard(0),))), table))
    assert table.stored[shard(1)].counter == 0
    assert table.stored[shard(0)].owner == BOB


@in_virtual_time
async def test_a_closed_shard_and_then_its_children_are_drained_and_its_row_goes_when_it_leaves_the_stream() -> None:
    stream = MemoryStream((shard(0), ()), (shard(1), (shard(0),)), closed=(shard(0),))
    table = MemoryTable()
    await run_for(5.0, worker(stream, table))
    assert table.stored[shard(0)].checkpoint.shard_ended
    assert table.stored[shard(1)].checkpoint.covers(position(10))
    del stream.shards[shard(0)]
    await run_for(5.0, worker(stream, table))
    assert list(table.stored) == [shard(1)]


@in_virtual_time
async def test_a_write_that_hangs_costs_no_other_lease() -> None:
    """One row's renewals get no answer; the other's go on as if nothing were."""

    class Hanging(MemoryTable):
        hangs = False

        async def write(self, seen: Lease, wanted: Lease) -> bool:
            if self.hangs and seen.shard_id == shard(0):
                await asyncio.sleep(3600)
            return await super().write(seen, wanted)

    table, stopping = Hanging(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker(MemoryStream((shard(0), ()), (shard(1), ())), table).run(stopping))
        await asyncio.sleep(5.0)
        table.hangs = True
        before = table.stored[shard(1)].counter
        await asyncio.sleep(20.0)
        table.hangs = False
        stopping.set()
        assert table.stored[shard(1)].counter - before >= 9


@in_virtual_time
async def test_shards_of_a_worker_that_vanished_go_on_after_the_failover_time() -> None:
    """Its leases stand still. A few rounds more are allowed; less than the failover time is not."""
    table = MemoryTable(*(lease(i, owner=BOB, counter=7) for i in range(4)))
    stream = MemoryStream(*((shard(i), ()) for i in range(4)))
    await run_for(SETTINGS.lease_failover_s - 0.1, worker(stream, table))
    assert {row.owner for row in table.stored.values()} == {BOB}
    survivor = worker(stream, table)
    await run_for(SETTINGS.lease_failover_s + 5.0, survivor)
    assert all(row.checkpoint.covers(position(10)) for row in table.stored.values())
    assert survivor._meters.registry.get_sample_value("txn_index_leases_stolen_total") == 4


@in_virtual_time
async def test_a_worker_is_ready_while_it_sees_the_leases() -> None:
    """One that has not looked for so long that others take its leases is not, nor is one that never has."""

    class Failing(MemoryTable):
        fails = False

        async def rows(self) -> list[Lease]:
            if self.fails:
                raise TimeoutError
            return await super().rows()

    table, stopping = Failing(), asyncio.Event()
    one = worker(MemoryStream((shard(0), ())), table)
    with pytest.raises(NotReadyError, match="no look at all leases yet"):
        await one.scans_leases()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(one.run(stopping))
        await asyncio.sleep(1.0)
        await one.scans_leases()
        table.fails = True
        await asyncio.sleep(SETTINGS.lease_failover_s + SETTINGS.lease_renew_s)
        with pytest.raises(NotReadyError, match="no look at all leases for"):
            await one.scans_leases()
        table.fails = False
        stopping.set()


@in_virtual_time
async def test_a_worker_alone_takes_all_at_once_and_its_siblings_share_within_two_rounds() -> None:
    table, stopping = MemoryTable(), asyncio.Event()
    stream = MemoryStream(*((shard(i), ()) for i in range(8)))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker(stream, table, "one").run(stopping))
        await asyncio.sleep(1.0)
        assert _shares(table) == [8]
        for name in ("two", "three"):
            tasks.create_task(worker(stream, table, name).run(stopping))
        await asyncio.sleep(2 * SETTINGS.lease_renew_s)
        assert _shares(table) == [2, 3, 3]
        before = {row.shard_id: row.owner for row in table.stored.values()}
        await asyncio.sleep(10 * SETTINGS.lease_renew_s)
        assert {row.shard_id: row.owner for row in table.stored.values()} == before
        stopping.set()
    assert _shares(table) == []


def _shares(table: MemoryTable) -> list[int]:
    owners = [row.owner for row in table.stored.values() if row.owner is not None]
    return sorted(owners.count(name) for name in set(owners))


class Failing(Checkpointing):
    """A view that cannot hold what some shards have."""

    bad: set[ShardId]

    async def take(self, batch: Batch) -> None:
        if self._lease.row.shard_id in self.bad:
            raise StoreError("a bad shard")
        await super().take(batch)


def failing(*shards: ShardId) -> type[Failing]:
    """A view that begins with these bad; its `bad` may change."""
    return type("Failing", (Failing,), {"bad": set(shards)})


@in_virtual_time
async def test_a_shard_that_fails_holds_up_no_other_and_goes_on_when_it_can() -> None:
    """It stays with its worker, which says so and tries it again ever more seldom."""
    view, table, stopping = failing(shard(0)), MemoryTable(), asyncio.Event()
    one = worker(MemoryStream((shard(0), ()), (shard(1), ())), table, processor=view)
    read = one._meters.registry.get_sample_value
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(one.run(stopping))
        await asyncio.sleep(60.0)
        assert table.stored[shard(1)].checkpoint.covers(position(10))
        assert table.stored[shard(0)].owner == ALICE
        with pytest.raises(NotReadyError, match=shard(0)):
            await one.makes_progress()
        assert read("txn_index_shards_stuck") == 1
        assert 4 <= (read("txn_index_drain_failures_total") or 0) <= 8
        view.bad.clear()
        await asyncio.sleep(60.0)
        assert table.stored[shard(0)].checkpoint.covers(position(10))
        assert read("txn_index_shards_stuck") == 0
        await one.makes_progress()
        stopping.set()


@in_virtual_time
async def test_a_shard_that_fails_is_given_up_at_once_when_its_worker_leaves() -> None:
    """Its pause is not waited for."""
    table = MemoryTable()
    one = worker(MemoryStream((shard(0), ()), (shard(1), ())), table, processor=failing(shard(0)))
    await run_for(100.0, one)
    assert asyncio.get_running_loop().time() < 101.0
    assert {row.owner for row in table.stored.values()} == {None}


@in_virtual_time
async def test_a_worker_with_which_nothing_gets_on_ends() -> None:
    """It may be its own fault then; it is meant to be started again."""
    one = worker(MemoryStream((shard(0), ()), (shard(1), ())), MemoryTable(), processor=failing(shard(0), shard(1)))
    with pytest.raises(ExceptionGroup) as raised:
        await run_for(100.0, one)
    assert raised.group_contains(StoreError, match="a bad shard")
