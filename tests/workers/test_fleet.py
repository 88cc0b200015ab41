"""Three workers over eight shards of a stream with the limits of Kinesis: split, death of one, rolling restart.

Once with a view that notes all that it is given, where one stream and one course of events serves for all of it,
since the time goes into starting and waiting; then restarted with each of the real views.
"""

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial

import pytest

from devkit.kinesis_server import kinesis_server
from tests.workers.builders import event
from tests.workers.conftest import StackFixture, until, world_of
from tests.workers.hosts.test_process import process
from txn_core import drains
from txn_core.dynamodb.tables import TableNames
from txn_core.positions import Position
from txn_core.settings import Settings
from workers.archive.archive_drain import archive_of
from workers.archive.archive_processor import ArchiveProcessor
from workers.drain import Cursor, MakeProcessor, Processor
from workers.hosts.leased import Worker
from workers.index.index_drain import index_of
from workers.index.index_processor import IndexMetrics, IndexProcessor
from workers.leases.lease import Lease, WorkerName
from workers.leases.stream_watch import StreamWatch
from workers.leases.table import LeaseTable
from workers.metrics import ShardLag, WorkerMetrics
from workers.reading.budget import ENTIRE_SHARD
from workers.reading.opening import polling
from workers.reading.reader import Batch

SHARDS = 8
RENEW_S, FAILOVER_S = 0.6, 6.0  # nobody is taken for dead on a busy machine
CHECKPOINT_RECORDS = 10
SHARING_SCANS_MAX = 5
"""Scans of the leases that a newcomer makes in two renewal periods, in which it has its share on a quiet machine."""
HASH_KEYS = 2**128
LAG_S_MAX = 30.0


@dataclass
class Ledger:
    """What was sent and what was processed, and when, by monotonic seconds."""

    sent: dict[Position, float] = field(default_factory=dict)
    seen: list[tuple[Position, float]] = field(default_factory=list)

    def processor(self, lease: Cursor, _: ShardLag) -> Processor:
        return _Noting(self, lease)


class _Noting:
    """Notes what it is given, and checkpoints only now and then: what is not handed over well is seen again."""

    def __init__(self, ledger: Ledger, lease: Cursor) -> None:
        self._ledger, self._lease = ledger, lease
        self._open: list[Position] = []

    async def take(self, batch: Batch) -> None:
        places = [record.position for record in batch.records]
        self._ledger.seen += [(place, time.monotonic()) for place in places]
        self._open += places
        if len(self._open) >= CHECKPOINT_RECORDS:
            await self.finish()

    async def finish(self) -> None:
        if self._open:
            await self._lease.advance(self._open[-1])
            self._open.clear()

    def abandon(self) -> None: ...


class Scanned(LeaseTable):
    """Counts its scans."""

    scans = 0

    async def rows(self) -> list[Lease]:
        self.scans += 1
        return await super().rows()


class Crew:
    """Workers in this process that come and go, and the metrics of all that ever came."""

    def __init__(
        self,
        kind: str,
        world: StackFixture,
        processors: Callable[[WorkerMetrics], MakeProcessor],
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._kind, self._world, self._processors, self._tasks = kind, world, processors, tasks
        self.metrics: list[WorkerMetrics] = []
        self.tables: dict[str, Scanned] = {}
        self._members: dict[str, tuple[asyncio.Event, asyncio.Task[None]]] = {}

    @property
    def names(self) -> list[str]:
        return list(self._members)

    def start(self, name: str) -> None:
        metrics = WorkerMetrics(self._kind)
        self.metrics.append(metrics)
        names = TableNames.of(self._world.settings)
        self.tables[name] = table = Scanned(self._world.dynamodb, names.leases(self._kind))
        kinesis, settings = self._world.kinesis, self._world.settings
        worker = Worker(
            name=WorkerName(name),
            settings=settings,
            leases=table,
            processor=self._processors(metrics),
            metrics=metrics,
            stream=StreamWatch(kinesis, settings.stream, table, metrics, kind=self._kind),
            open_reader=polling(kinesis, settings, settings.stream, ENTIRE_SHARD),
        )
        stopping = asyncio.Event()
        self._members[name] = stopping, self._tasks.create_task(worker.run(stopping))

    async def stop(self, *names: str) -> None:
        leaving = [self._members.pop(name) for name in names]
        for stopping, _ in leaving:
            stopping.set()
        for _, working in leaving:
            await working


@asynccontextmanager
async def loaded(world: StackFixture, ledger: Ledger) -> AsyncIterator[None]:
    """Records over all shards, some a second each, for the time of the block."""
    ending = asyncio.Event()

    async def load() -> None:
        while not ending.is_set():
            at_s = time.monotonic()
            for place in await world.send(event(), hash_key=random.randrange(HASH_KEYS)):
                ledger.sent[place] = at_s
            await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(load())
        try:
            yield
        finally:
            ending.set()


async def until_owned(world: StackFixture, *owned: int, kind: str = "index") -> None:
    """Wait until the workers own so many leases."""

    async def are_so() -> bool:
        return sorted((await world.owners(kind)).values()) == list(owned)

    await until(are_so, pause_s_max=0.05)  # tests count what the workers do until then


async def test_three_workers_share_survive_a_death_and_are_restarted_without_a_repeat(settings: Settings) -> None:
    ledger = Ledger()
    quick = {"lease_renew_s": RENEW_S, "lease_failover_s": FAILOVER_S}
    async with kinesis_server() as server:
        there = settings.model_copy(update={"kinesis_endpoint_url": server.url})
        async with world_of(there, stream_shards=SHARDS, **quick) as world, asyncio.TaskGroup() as tasks:
            server.stream_limits.enabled = True
            crew = Crew("index", world, lambda _: ledger.processor, tasks)
            async with loaded(world, ledger):
                crew.start("one")
                await until_owned(world, SHARDS)
                began_s = time.monotonic()
                crew.start("two")
                crew.start("three")
                await until_owned(world, 2, 3, 3)
                periods = (time.monotonic() - began_s) / RENEW_S
                scans_max = SHARING_SCANS_MAX * max(1.0, periods / 2)
                assert max(crew.tables[name].scans for name in ("two", "three")) <= scans_max
                await _lose_one_more(world, ledger)
                await _restart_in_turn(world, ledger, crew)
            await crew.stop(*crew.names)
    places = [place for place, _ in ledger.seen]
    assert len(places) == len(set(places)), "something was processed again after it was handed over"


async def _lose_one_more(world: StackFixture, ledger: Ledger) -> None:
    """A fourth worker, a process of its own, is killed: all shards go on by themselves."""
    async with process("index", world.settings) as child:
        await until_owned(world, 2, 2, 2, 2)
        child.send_signal(signal.SIGKILL)
        await child.wait()
    killed_s, start = time.monotonic(), len(ledger.seen)

    async def all_go_on() -> bool:
        fresh = [place for place, _ in ledger.seen[start:] if ledger.sent.get(place, 0.0) > killed_s]
        return len({place.shard_id for place in fresh}) == SHARDS

    await until(all_go_on)
    await until_owned(world, 2, 3, 3)


async def _restart_in_turn(world: StackFixture, ledger: Ledger, crew: Crew) -> None:
    """One after the other goes and comes back under a new name, while load goes on."""
    start, began_s = len(ledger.seen), time.monotonic()
    await _restart(world, crew, "index")
    ended_s = time.monotonic()

    async def all_are_seen() -> bool:
        seen = {place for place, _ in ledger.seen[start:]}
        return all(place in seen for place, at_s in ledger.sent.items() if began_s < at_s < ended_s)

    await until(all_are_seen)
    lags = [at_s - sent_s for place, at_s in ledger.seen[start:] if (sent_s := ledger.sent.get(place)) is not None]
    assert max(lags) < LAG_S_MAX


async def _restart(world: StackFixture, crew: Crew, kind: str) -> None:
    for name in crew.names:
        await crew.stop(name)
        await until_owned(world, 4, 4, kind=kind)  # as long as a process takes to start
        crew.start(f"{name} again")
        await until_owned(world, 2, 3, 3, kind=kind)


async def processors_of(kind: str, world: StackFixture) -> Callable[[WorkerMetrics], MakeProcessor]:
    """What makes the processors of the real views, counting in each worker's own metrics."""
    if kind == "archive":
        return lambda metrics: partial(ArchiveProcessor, archive_of(world.context(kind, metrics)))
    index = await index_of(world.context(kind))

    def of(metrics: WorkerMetrics) -> MakeProcessor:
        dead_letters = world.context(kind, metrics).dead_letters
        counted = replace(index, dead_letters=dead_letters, metrics=metrics, counts=IndexMetrics(metrics))
        return partial(IndexProcessor, counted)

    return of


@pytest.mark.parametrize("kind", ["index", "archive"])
async def test_the_views_are_restarted_in_turn_without_a_repeat(settings: Settings, kind: str) -> None:
    """No event is indexed twice by its position, no plan is found on a lease, no row is missing or twice."""
    quick = {"lease_renew_s": RENEW_S, "lease_failover_s": FAILOVER_S}
    async with kinesis_server() as server:
        there = settings.model_copy(update={"kinesis_endpoint_url": server.url})
        async with world_of(there, stream_shards=SHARDS, **quick) as world, asyncio.TaskGroup() as tasks:
            server.stream_limits.enabled = True
            crew = Crew(kind, world, await processors_of(kind, world), tasks)
            async with loaded(world, Ledger()):
                for name in ("one", "two", "three"):
                    crew.start(name)
                await until_owned(world, 2, 3, 3, kind=kind)
                lags = tasks.create_task(_lags(crew))
                await _restart(world, crew, kind)
                lags.cancel()

            async def all_is_done() -> bool:
                return _counted(crew, "records_total") == len(world.sent)

            await until(all_is_done)
            await crew.stop(*crew.names)
            await (world.assert_index_exact() if kind == "index" else world.assert_lake_exact())
    assert _counted(crew, "records_total") == len(world.sent)
    assert _counted(crew, "flushes_total", cause="plan") == 0
    for repeat in ("replays", "duplicates", "conflicts", "leases_lost"):
        assert _counted(crew, f"{repeat}_total") == 0


async def _lags(crew: Crew) -> None:
    """Look at the lag of every shard until cancelled, and fail as soon as one is too far behind."""
    while True:
        for metrics in crew.metrics:
            for metric in metrics.registry.collect():
                if metric.name.endswith("_lag_seconds"):
                    assert all(sample.value < LAG_S_MAX for sample in metric.samples)
        await asyncio.sleep(0.2)


def _counted(crew: Crew, name: str, **labels: str) -> float:
    """A count over all workers that came and went."""
    kinds = {f"txn_{kind}_{name}" for kind in drains.names()}
    return sum(
        sample.value
        for metrics in crew.metrics
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if sample.name in kinds and labels.items() <= sample.labels.items()
    )
