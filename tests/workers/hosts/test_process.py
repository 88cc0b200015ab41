"""Workers on the real local servers: sharing, resharding, outages, and ends of every kind."""

import asyncio
import base64
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tests.workers.builders import event, shard
from tests.workers.conftest import StackFixture, until
from tests.workers.proxy import Proxy
from txn_core.drains import ARCHIVE
from txn_core.positions import Position, ShardId
from txn_core.settings import Settings
from workers.drain import Processor
from workers.hosts.leased import Worker
from workers.hosts.process import work
from workers.leases.held import HeldLease
from workers.leases.lease import TRIM_HORIZON, WorkerName
from workers.leases.stream_watch import StreamWatch
from workers.metrics import ShardLag, WorkerMetrics
from workers.reading.budget import ENTIRE_SHARD
from workers.reading.opening import polling
from workers.reading.reader import Batch


async def test_both_views_hold_what_the_stream_held(world: StackFixture) -> None:
    """Plain and aggregated records are indexed and archived, each position once."""
    await world.send(*(event() for _ in range(5)))
    await world.send_aggregate(*(event() for _ in range(20)))
    await world.drain("index", "archive")
    await world.assert_lake_exact()
    await world.assert_index_exact()


class Recorder:
    """A view that only remembers in which order positions were processed."""

    def __init__(self) -> None:
        self.seen: list[Position] = []

    def processor(self, lease: HeldLease, lag: ShardLag) -> Processor:
        seen = self.seen

        class Recording:
            async def take(self, batch: Batch) -> None:
                seen.extend(record.position for record in batch.records)
                if batch.records:
                    await lease.advance(batch.records[-1].position)

            async def finish(self) -> None: ...

            def abandon(self) -> None: ...

        return Recording()

    async def work(
        self, name: str, world: StackFixture, stopping: asyncio.Event, watch: type[StreamWatch] = StreamWatch
    ) -> None:
        settings, leases, metrics = world.settings, world.leases("index"), WorkerMetrics("index")
        worker = Worker(
            name=WorkerName(name),
            settings=settings,
            leases=leases,
            processor=self.processor,
            metrics=metrics,
            stream=watch(world.kinesis, settings.stream, leases, metrics, kind="index"),
            open_reader=polling(world.kinesis, settings, settings.stream, ENTIRE_SHARD),
        )
        await worker.run(stopping)


async def test_parents_are_finished_before_children_start(world: StackFixture) -> None:
    """Through a split and a merge, with two workers that share the shards; every record is seen once."""
    low, high = 0, 2**127
    await world.send(*(event() for _ in range(20)), hash_key=low)
    await world.split(shard(0))
    for hash_key in (low, high):
        await world.send(*(event() for _ in range(20)), hash_key=hash_key)
    await world.merge(shard(1), shard(2))
    await world.send(*(event() for _ in range(20)), hash_key=low)
    recorder, stopping = Recorder(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for name in ("alice", "bob"):
            tasks.create_task(recorder.work(name, world, stopping))
        await until(lambda: world.drained("index"))
        stopping.set()
    assert sorted(recorder.seen, key=str) == sorted(world.sent, key=str)
    order = [place.shard_id for place in recorder.seen]
    assert _last(order, shard(0)) < min(order.index(shard(1)), order.index(shard(2)))
    assert max(_last(order, shard(1)), _last(order, shard(2))) < order.index(shard(3))


def _last(order: list[ShardId], shard_id: ShardId) -> int:
    return max(i for i, seen in enumerate(order) if seen == shard_id)


async def test_a_reshard_under_load_loses_and_doubles_nothing(world: StackFixture) -> None:
    async with world.working("index", "archive"), loaded(world):
        await world.split(shard(0))
        await until(lambda: _sent_to(world, shard(2)))
        await world.merge(shard(1), shard(2))
        await until(lambda: _sent_to(world, shard(3)))
    await world.drain("index", "archive")
    await world.assert_lake_exact()
    await world.assert_index_exact()
    assert await world.ledger("index") == await world.ledger("archive") == await world.arrival_minutes()


async def _sent_to(world: StackFixture, shard_id: ShardId) -> bool:
    return any(place.shard_id == shard_id for place in world.sent)


@asynccontextmanager
async def loaded(world: StackFixture) -> AsyncIterator[None]:
    """Records over all shards, without pause, for the time of the block."""
    ending = asyncio.Event()

    async def load() -> None:
        while not ending.is_set():
            await world.spread(*(event() for _ in range(3)))
            await asyncio.sleep(0.05)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(load())
        try:
            yield
        finally:
            ending.set()  # not cancelled: a request that is cut off may land without our knowing


async def test_two_workers_share_and_the_one_that_stays_takes_over(wide_world: StackFixture) -> None:
    """Shares even out by asking, not by force, and a worker that goes leaves its shards at once."""
    world = wide_world
    settings = world.settings.model_copy(update={"lease_failover_s": 600.0})  # nothing is taken by expiry here
    async with world.working("archive", settings=settings):
        await until(lambda: _shares(world, [4]))
        async with world.working("archive", settings=settings):
            await until(lambda: _shares(world, [2, 2]))
            await world.spread(*(event() for _ in range(40)))
        await until(lambda: _shares(world, [4]))
        await until(lambda: world.drained("archive"))
    assert await world.owners("archive") == {}
    await world.assert_lake_exact()


async def _shares(world: StackFixture, shares: list[int]) -> bool:
    return sorted((await world.owners("archive")).values()) == shares


async def test_outages_are_outlived(world: StackFixture) -> None:
    """Every server goes away under load, answers in flight with it; everything goes on by itself afterwards."""
    urls = ("kinesis_endpoint_url", "dynamodb_endpoint_url", "s3_endpoint_url")
    async with AsyncExitStack() as stack:
        proxies = {name: await stack.enter_async_context(Proxy.to(getattr(world.settings, name))) for name in urls}
        settings = world.settings.model_copy(update={name: proxy.url for name, proxy in proxies.items()})
        async with world.working("index", "archive", settings=settings):
            for proxy in proxies.values():
                await world.send(*(event() for _ in range(10)))
                await until(lambda proxy=proxy: _used(proxy))  # type: ignore[misc]
                proxy.cut()
                await world.send(*(event() for _ in range(10)))
                await until(lambda proxy=proxy: _refused(proxy))  # type: ignore[misc]
                proxy.mend()
            for kind in ("index", "archive"):
                await until(lambda kind=kind: world.drained(kind))  # type: ignore[misc]
    await world.assert_lake_exact()
    await world.assert_index_exact()


async def _used(proxy: Proxy) -> bool:
    return proxy.connected > 0


async def _refused(proxy: Proxy) -> bool:
    return proxy.refused >= 3


async def test_a_fault_of_ours_ends_the_process_without_a_checkpoint(world: StackFixture) -> None:
    """The supervisor starts it again; nothing that was not processed is passed over."""
    await world.send(event())

    class Faulty(Recorder):
        def processor(self, lease: HeldLease, lag: ShardLag) -> Processor:
            class Failing:
                async def take(self, batch: Batch) -> None:
                    raise LookupError("a bug")

                async def finish(self) -> None: ...

                def abandon(self) -> None: ...

            return Failing()

    with pytest.RaisesGroup(LookupError):
        await Faulty().work("alice", world, asyncio.Event())
    (row,) = await world.leases("index").rows()
    assert row.checkpoint.sequence_number == TRIM_HORIZON


async def test_a_worker_stops_by_its_deadline_whatever_hangs(world: StackFixture) -> None:
    """S3 is gone and the flush cannot end: its plan stays on the lease, which is released all the same."""
    await world.send(*(event() for _ in range(3)))
    stopping = asyncio.Event()
    async with Proxy.to(world.settings.s3_endpoint_url) as proxy:
        proxy.cut()
        settings = world.settings.model_copy(update={"s3_endpoint_url": proxy.url, "shutdown_deadline_s": 2.5})
        working = asyncio.ensure_future(work(ARCHIVE, settings, stopping))
        await until(lambda: _refused(proxy))
        stopping.set()
        await asyncio.wait_for(working, 60)
    (row,) = await world.leases("archive").rows()
    assert row.owner is None
    assert row.plan is not None
    await world.drain("archive")
    await world.assert_lake_exact()


# --- real processes


@asynccontextmanager
async def process(
    kind: str, settings: Settings, stderr: int = asyncio.subprocess.DEVNULL
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker as operators start it; killed at the end of the block if it still runs."""
    async with command("txn_cli.main", "worker", kind, settings=settings, stderr=stderr) as child:
        yield child


@asynccontextmanager
async def command(
    module: str,
    *arguments: str,
    settings: Settings,
    stdout: int = asyncio.subprocess.DEVNULL,
    stderr: int = asyncio.subprocess.DEVNULL,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A module of the command line as a process, on the system of these settings."""
    names = ("kinesis_endpoint_url", "dynamodb_endpoint_url", "s3_endpoint_url", "stream", "table_prefix", "bucket")
    numbers = (
        "poll_idle_s",
        "lease_failover_s",
        "lease_renew_s",
        "shard_sync_s",
        "archive_flush_age_s",
    )
    limits = ("archive_flush_rows", "shutdown_deadline_s")
    given = {f"TXN_{name.upper()}": str(getattr(settings, name)) for name in (*names, *numbers, *limits)}
    assert settings.dead_letter_key is not None
    given["TXN_DEAD_LETTER_KEY"] = base64.b64encode(settings.dead_letter_key.get_secret_value()).decode()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
        env=dict(os.environ) | given,
        stdout=stdout,
        stderr=stderr,
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def test_sigterm_flushes_checkpoints_and_releases(world: StackFixture) -> None:
    """Nothing is due when the signal comes: what was read is flushed, what was not is left for the next."""
    settings = world.settings.model_copy(update={"archive_flush_age_s": 60.0})
    async with process("archive", settings) as child:
        await until(lambda: _shares(world, [1]))
        await world.send(*(event() for _ in range(10)))
        child.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(child.wait(), 60) == 0
    assert await world.owners("archive") == {}
    await world.drain("archive")
    await world.assert_lake_exact()


@pytest.mark.parametrize("kind", ["index", "archive"])
async def test_a_worker_killed_again_and_again_under_load_does_everything_once(
    world: StackFixture, kind: str
) -> None:
    settings = world.settings.model_copy(update={"archive_flush_rows": 20})
    async with loaded(world):
        for _ in range(2):
            async with process(kind, settings) as child:
                await until(lambda child=child: _has_checkpointed(world, kind, child.pid))  # type: ignore[misc]
                child.kill()
    await world.drain(kind)
    await (world.assert_lake_exact() if kind == "archive" else world.assert_index_exact())
    assert await world.ledger(kind) == await world.arrival_minutes()


async def _has_checkpointed(world: StackFixture, kind: str, pid: int) -> bool:
    """Whether a process has a lease, and has made a checkpoint since it took it."""
    rows = await world.leases(kind).rows()
    return any(row.owner is not None and f":{pid}:" in row.owner and row.owner_switches == 0 for row in rows)


async def test_a_frozen_worker_wakes_up_as_a_zombie_and_does_no_harm(world: StackFixture) -> None:
    """It sleeps through failover and a successor's flushes, at whatever step it was."""
    settings = world.settings.model_copy(update={"archive_flush_rows": 20})
    async with process("archive", settings) as zombie, AsyncExitStack() as stack:
        async with loaded(world):
            await until(lambda: _has_checkpointed(world, "archive", zombie.pid))
            zombie.send_signal(signal.SIGSTOP)
            await stack.enter_async_context(world.working("archive", settings=settings))
            await until(lambda: _has_checkpointed(world, "archive", os.getpid()))
            zombie.send_signal(signal.SIGCONT)
            await world.spread(*(event() for _ in range(50)))
        await until(lambda: world.drained("archive"))
        zombie.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(zombie.wait(), 60) == 0
    await world.drain("archive")
    await world.assert_lake_exact()
    assert await world.ledger("archive") == await world.arrival_minutes()
