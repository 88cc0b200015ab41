"""The archive worker: writes each shard into the lake, every stream position into exactly one object.

A flush is decided as a range, the range is stored on the lease as a plan, the object is written under the name that
follows from the plan unless it is there, and then the checkpoint moves behind the range and clears the plan. Whoever
finds a stored plan carries out that plan and no other, so that two workers can only ever write the same object.
Dead letters of a range are written before its object, so that an object that is there says that they are, too.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from txn_core.exceptions import EventError, StoreError
from txn_core.kinesis.record_batch import RecordBatch, StreamRecord
from txn_core.positions import Position
from workers.archive import buffer
from workers.archive.buffer import Buffer, BufferTotal, FlushLimits
from workers.archive.object_content import holds
from workers.archive.rendering import render
from workers.drain import Cursor
from workers.events.dead_letters import DeadLetterBox
from workers.events.undecodable import SettingApart
from workers.leases.checkpointing import Checkpointer
from workers.leases.lease import FlushPlan
from workers.leases.ledger import tally_of
from workers.metrics import ShardLag, WorkerMetrics
from workers.planned.planned_object import PlannedObjects, has_gap, object_key, plan_of
from workers.reading.reader import Batch

RENDERINGS_AT_ONCE_MAX: Final = 2  # each holds a whole object and keeps a core busy

Cause = buffer.Cause | Literal["end", "plan"]

_log = structlog.get_logger(__name__)


class ArchiveMetrics:
    """The counts of one process of the archive."""

    def __init__(self, metrics: WorkerMetrics) -> None:
        self.flushes = metrics.counter("flushes", "Plans carried out", "cause")


@dataclass(frozen=True, slots=True)
class Archive:
    """The lake as one worker process writes it."""

    objects: PlannedObjects
    dead_letters: DeadLetterBox
    metrics: WorkerMetrics
    counts: ArchiveMetrics
    limits: FlushLimits
    total: BufferTotal
    checkpointer: Checkpointer
    renderings: asyncio.Semaphore

    async def write(self, plan: FlushPlan, records: Sequence[StreamRecord]) -> Position:
        """Make a plan's range durable: dead letters, then the object. Gives up to where it is.

        That is the plan's end, or when somebody has written the object before, that object's.
        """
        async with self.renderings:
            rendered = await asyncio.to_thread(render, records)
        apart = SettingApart(self.dead_letters, RecordBatch.of(records))
        for poison in rendered.poison:
            if isinstance(poison.error, EventError):
                await apart.keep(poison.record, poison.error)
            else:
                await self.dead_letters.unwritable(poison.record, str(poison.error))
        if rendered.parquet is None:
            return plan.last
        if (covered_to := await self.objects.put(plan, rendered.rows, rendered.parquet)) is None:
            return plan.last
        await self.confirm(plan, RecordBatch.of(records))
        return covered_to

    async def confirm(self, plan: FlushPlan, records: RecordBatch) -> None:
        """Return when the object that is there under a plan's name holds these records, as far as it can tell.

        Raises:
            StoreError: it holds others. It is another stream's then, and neither overwritten nor taken for ours.
        """
        key = object_key(plan)
        async with self.renderings:  # a whole object is in memory here, too
            data = await self.objects.read(plan)
            same = await asyncio.to_thread(holds, data, records)
        if not same:
            _log.error("object_of_another_stream", key=key)
            raise StoreError(f"{key} holds other records than the stream has at its positions")


class ArchiveProcessor:
    """Drains one shard into the lake."""

    def __init__(self, archive: Archive, lease: Cursor, lag: ShardLag) -> None:
        self._archive, self._lease, self._lag = archive, lease, lag
        self._buffer = Buffer(archive.limits, archive.total)
        self._looked = False
        self._covered_to: Position | None = None  # by the object of the plan that stands on the lease

    async def take(self, batch: Batch) -> None:
        """Keep a batch, carry out what a predecessor planned, and flush what is due."""
        self._lag.has_read(batch)
        self._buffer.add(batch.records, time.monotonic())
        self._lag.pending = len(self._buffer)
        if (plan := self._lease.row.plan) is None or await self._resume(plan, shard_ended=batch.ended):
            while self._lease.row.plan is None and (cause := self._buffer.due(time.monotonic())):
                await self._flush(cause)
        if batch.at_tip and not self._buffer:
            self._lag.at_tip()

    async def finish(self) -> None:
        """Flush everything that was taken, unless a predecessor's plan is not yet read to its end."""
        while self._buffer and self._lease.row.plan is None:
            await self._flush("end")

    def abandon(self) -> None:
        """Forget what was taken; the next holder reads it again."""
        self._buffer.clear()

    async def _resume(self, plan: FlushPlan, *, shard_ended: bool) -> bool:
        """Carry out a plan that stands on the lease; false until its range is read.

        Where its object is there already, the range is the object's, and is read for the ledger's sake.
        """
        if not self._looked:
            self._looked = True
            self._covered_to = await self._archive.objects.covered_to(plan)
        if not (shard_ended or self._has_read(self._covered_to or plan.last)):
            return False
        if self._covered_to is not None:
            await self._archive.confirm(plan, self._buffer.between(plan.first, self._covered_to))
            await self._advance(self._covered_to, "plan")
            return True
        records = self._buffer.between(plan.first, plan.last)
        if has_gap(plan, records[0].position if records else None, len(records)):
            self._archive.metrics.lost("planned")
        await self._carry_out(plan, records, "plan")
        return True

    async def _flush(self, cause: Cause) -> None:
        records = self._buffer.head()
        plan = plan_of(records)
        await self._lease.store_plan(plan)
        await self._carry_out(plan, records, cause)

    async def _carry_out(self, plan: FlushPlan, records: Sequence[StreamRecord], cause: Cause) -> None:
        self._archive.metrics.flush_records.observe(len(records))
        with self._archive.metrics.flush_seconds.time():
            covered_to = await self._archive.write(plan, records)
            if covered_to != plan.last and not self._has_read(covered_to):
                # Somebody wrote more than we have read: the plan stays until that is read as well.
                self._looked, self._covered_to = True, covered_to
                return
            await self._advance(covered_to, cause)

    def _has_read(self, to: Position) -> bool:
        last = self._buffer.last
        return last is not None and last.position.within_shard() >= to.within_shard()

    async def _advance(self, to: Position, cause: Cause) -> None:
        self._covered_to = None
        # Tens of thousands of hashes: in a thread, so that renewals are not late.
        tally = await asyncio.to_thread(tally_of, self._buffer.up_to(to))
        await self._archive.checkpointer.advance(self._lease, to, tally)
        before = len(self._buffer)
        youngest = self._buffer.last
        self._buffer.drop_to(to)
        self._lag.pending = len(self._buffer)
        self._archive.counts.flushes.labels(cause).inc()
        self._archive.metrics.records.inc(before - len(self._buffer))
        if (oldest := self._buffer.first or youngest) is not None:
            self._lag.durable_to(oldest.arrived_at)
