"""Metrics of a worker process."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from tests.workers.builders import ALICE, event, lease, records, shard
from tests.workers.memory_table import MemoryTable
from txn_core.kinesis.record_batch import RecordBatch
from workers.archive.archive_processor import Archive, ArchiveMetrics, ArchiveProcessor
from workers.archive.buffer import BufferTotal, FlushLimits
from workers.drain import Processor
from workers.index.index_processor import IndexProcessor
from workers.leases.held import HeldLease
from workers.metrics import ShardLag, WorkerMetrics
from workers.planned.planned_object import PlannedObjects
from workers.reading.answers import UNKNOWN_ARRIVAL
from workers.reading.reader import Batch


def test_lag_is_the_age_of_the_youngest_durable_record_until_the_tip_is_reached() -> None:
    metrics = WorkerMetrics("index")
    lag = metrics.lag(shard(0))
    labels: dict[str, str] = {"shard": shard(0)}
    lag.durable_to(datetime.now(UTC) - timedelta(seconds=100))
    behind = metrics.registry.get_sample_value("txn_index_lag_seconds", labels)
    assert behind is not None
    assert 100 <= behind < 110
    lag.at_tip()
    assert 0 <= (metrics.registry.get_sample_value("txn_index_lag_seconds", labels) or 0.0) < 10
    metrics.forget(shard(0))
    assert metrics.registry.get_sample_value("txn_index_lag_seconds", labels) is None


def test_a_record_that_does_not_say_when_it_arrived_does_not_set_the_lag() -> None:
    lag = ShardLag()
    lag.durable_to(UNKNOWN_ARRIVAL)
    assert lag.seconds() < 60


def test_what_was_read_and_is_not_durable_is_counted_a_shard() -> None:
    metrics = WorkerMetrics("archive")
    labels: dict[str, str] = {"shard": shard(0)}
    lag = metrics.lag(shard(0))
    lag.pending = 7
    assert metrics.registry.get_sample_value("txn_archive_lag_records", labels) == 7
    metrics.forget(shard(0))
    assert metrics.registry.get_sample_value("txn_archive_lag_records", labels) is None


def test_letters_are_counted_from_the_start() -> None:
    """A count that appears at one has not been seen to rise."""
    for reason in ("undecodable", "unwritable", "conflict"):
        assert (
            WorkerMetrics("index").registry.get_sample_value("txn_index_dead_letters_total", {"reason": reason}) == 0
        )


def test_losses_by_retention_are_counted_from_the_start() -> None:
    metrics = WorkerMetrics("archive")
    counts = {"trimmed": 2, "planned": 0, "shard_gone": 0}
    for _ in range(2):
        metrics.lost("trimmed")
    for reason, count in counts.items():
        name = "txn_archive_retention_losses_total"
        assert metrics.registry.get_sample_value(name, {"reason": reason}) == count


class Sink:
    """A store, or an index, that never takes anything."""

    def __init__(self) -> None:
        self.metrics = WorkerMetrics("index")
        self.asked = asyncio.Event()

    async def put_if_absent(self, *_: object) -> bool:
        return await self._never()

    async def write_all(self, _: object) -> None:
        await self._never()

    async def _never(self) -> bool:
        self.asked.set()
        await asyncio.Event().wait()
        return False


def processor_of(kind: str, sink: Any, lag: ShardLag) -> Processor:
    row = lease(0, owner=ALICE)
    held = HeldLease(MemoryTable(row), row)
    if kind == "index":
        return IndexProcessor(sink, held, lag)
    limits, never_used = FlushLimits(rows=1, bytes=1 << 20, age_s=60.0), cast("Any", None)
    metrics, once = WorkerMetrics("archive"), asyncio.Semaphore(1)
    archive = Archive(
        PlannedObjects(sink), never_used, metrics, ArchiveMetrics(metrics), limits, BufferTotal(), never_used, once
    )
    return ArchiveProcessor(archive, held, lag)


@pytest.mark.parametrize("kind", ["index", "archive"])
async def test_a_worker_that_takes_a_shard_an_hour_behind_says_so_though_its_sink_takes_nothing(kind: str) -> None:
    """Else a crash loop, or one takeover after another, would never be late."""
    lag, sink = ShardLag(), Sink()
    behind = records(event(), event(), at=datetime.now(UTC) - timedelta(hours=1))
    taking = asyncio.create_task(processor_of(kind, sink, lag).take(Batch(RecordBatch.of(behind), False, False)))
    await sink.asked.wait()
    assert 3600 <= lag.seconds() < 3660
    taking.cancel()


def test_only_the_first_read_sets_the_lag_back() -> None:
    """What is read later is behind what is durable, or behind a tip."""
    lag, old = ShardLag(), records(event(), at=datetime.now(UTC) - timedelta(hours=1))
    lag.has_read(Batch(RecordBatch(), at_tip=False, ended=False))
    assert lag.seconds() < 60
    lag.at_tip()
    lag.has_read(Batch(RecordBatch.of(old), at_tip=False, ended=False))
    assert lag.seconds() < 60


def test_what_is_still_unread_is_told_by_the_stream() -> None:
    """By the last read's distance from the tip; nothing of it stays when another worker has the shard."""
    metrics = WorkerMetrics("index")
    lag = metrics.lag(shard(0))
    labels: dict[str, str] = {"shard": shard(0)}
    lag.has_read(Batch(RecordBatch(), at_tip=False, ended=False, behind_s=90.5))
    assert metrics.registry.get_sample_value("txn_index_behind_latest_seconds", labels) == 90.5
    lag.has_read(Batch(RecordBatch(), at_tip=True, ended=False))
    assert metrics.registry.get_sample_value("txn_index_behind_latest_seconds", labels) == 0
    metrics.forget(shard(0))
    assert metrics.registry.get_sample_value("txn_index_behind_latest_seconds", labels) is None
