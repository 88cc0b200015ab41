"""Drains one shard into scores: alert, then score row, then card state, then checkpoint.

What is read is scored at once, and its alerts and scores go out. A flush makes the rest durable: the plan on the
lease, the object of the score log, the states, and the checkpoint with the ledger. Whoever comes after reads from the
checkpoint, passes over what the states cover, and scores the rest as it was scored before, since the states are those
of before and the versions are pinned on the lease. What is in the log already is not scored again, but taken from it.

A flush covers all that was scored when it began. While it is on its way further records are scored, up to as many as
one flush takes with those of the flush itself; then its end is waited for. There is one flush at a time. What fails
in it fails the drain, which drops all that was scored since and reads again from the checkpoint. Under a plan of a
predecessor, records are scored up to where its object reaches, and its flush is waited for.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from fraud.records.score_row import ScoreRow
from fraud.scoring.state_memory import StateMemory
from fraud.scoring.versions import PinnedVersions
from txn_core.kinesis.record_batch import RecordBatch
from txn_core.positions import Position
from txn_core.tracing.span_table import RECORDS, SpanName
from txn_core.tracing.spans import span
from workers.drain import Cursor
from workers.leases.checkpointing import Checkpointer
from workers.leases.ledger import NOTED_SPAN_MAX, tally_of
from workers.leases.version_pin import VersionPin, pin_at
from workers.metrics import ShardLag, WorkerMetrics
from workers.planned.planned_object import has_gap
from workers.reading.reader import Batch
from workers.score.count_keeper import CountKeeper
from workers.score.pending_rows import PendingRows
from workers.score.score_objects import ScoreObjects
from workers.score.scorer import Logged, Scorer

Cause = Literal["records", "age", "span", "end", "plan"]


@dataclass(frozen=True, slots=True)
class FlushLimits:
    """When a flush is due: after so many positions, which is also the most that is scored and not checkpointed, or
    when the first of them was taken so long ago.
    """

    records: int
    age_s: float


@dataclass(frozen=True, slots=True)
class ScoreSite:
    """What the processors of one process share."""

    scorer: Scorer
    objects: ScoreObjects
    kept: CountKeeper
    checkpointer: Checkpointer
    metrics: WorkerMetrics
    limits: FlushLimits


@dataclass(frozen=True, slots=True)
class _Flight:
    """A flush that is on its way, with so many positions."""

    positions: int
    task: asyncio.Task[None]


class ScoreProcessor:
    """Scores one shard."""

    def __init__(self, site: ScoreSite, memory: StateMemory, lease: Cursor, lag: ShardLag) -> None:
        self._site, self._memory, self._lease, self._lag = site, memory, lease, lag
        self._pending: PendingRows | None = None
        self._flight: _Flight | None = None
        self._conflicts = self._unreadable = 0  # of the memory's, which are counted
        self._looked = False
        self._covered_to: Position | None = None  # by the object of the plan that stands on the lease
        self._logged: Logged = {}  # the rows of that object
        self._taken = 0
        self._seen_tip = False

    async def take(self, batch: Batch) -> None:
        """Score a batch, carry out what a predecessor planned, and begin a flush that is due."""
        self._lag.has_read(batch)
        records = batch.records
        while records:
            await self._land(wait=False)
            target = await self._target()
            if (count := self._count(records, target)) == 0:
                if self._flight is not None:
                    await self._land()
                else:
                    await self._flush("span" if target is None else "plan")
                continue
            await self._score(records[:count])
            records = records[count:]
            await self._flush_if_due(target)
        await self._land(wait=batch.ended)
        await self._flush_if_due(await self._target())
        if batch.ended and self._flight is None and self._lease.row.plan is not None:
            await self._flush("plan")
        self._seen_tip = self._seen_tip or batch.at_tip
        if batch.at_tip and self._pending is None and self._flight is None:
            self._lag.at_tip()

    async def finish(self) -> None:
        """Flush everything that was taken, unless a predecessor's plan is not yet read to its end."""
        await self._land()
        if self._lease.row.plan is None and self._pending is not None:
            await self._flush("end")

    def abandon(self) -> None:
        """Forget what was taken; the next holder reads it again."""
        if self._flight is not None:
            self._flight.task.cancel()
        self._pending = self._flight = None
        self._memory.abandon()

    async def _target(self) -> Position | None:
        """Up to where a predecessor's plan is to be carried out: to its end, or its object's; None without a plan."""
        if self._flight is not None or (plan := self._lease.row.plan) is None:
            return None
        if not self._looked:
            self._covered_to = await self._site.objects.covered_to(plan)
            if self._covered_to is not None:
                rows = await self._site.objects.logged(plan)
                self._logged = {row.position.within_shard(): row for row in rows}
            self._looked = True
        return self._covered_to or plan.last

    def _count(self, records: RecordBatch, target: Position | None) -> int:
        """How many records may be scored of those that follow; 0 where a flush comes before, or its end."""
        if target is not None:
            return sum(1 for record in records if record.position.within_shard() <= target.within_shard())
        pending = self._pending
        room = self._site.limits.records - self._positions
        first = (records[0] if pending is None else pending.first).arrived_at
        count = 0
        for run in records.runs:
            if count >= room or abs(run.arrived_at - first) >= NOTED_SPAN_MAX:
                break
            count += run.events
        return min(count, room)

    async def _score(self, records: RecordBatch) -> None:
        await self._pin(records[0].position)
        pins = self._lease.row.pins
        rows: list[ScoreRow] = []
        first = 0
        for pin, same in groupby(pin_at(pins, record.position) for record in records):
            some = records[first : (first := first + sum(1 for _ in same))]
            wanted = PinnedVersions() if pin is None else PinnedVersions(*pin.versions)
            versions = await self._site.scorer.versions.versions(wanted)
            if self._covered_to is None:
                with span(SpanName.SCORE) as current:
                    current.set(RECORDS, len(some))
                    rows += await self._site.scorer.score(some, versions, self._memory)
            else:
                rows += await self._site.scorer.adopt(some, self._logged, versions, self._memory)
        tally = await asyncio.to_thread(tally_of, records)
        if self._pending is None:
            self._pending = PendingRows(records[0], records[0], time.monotonic())
        self._pending.add(records, tally, rows)
        self._taken += len(records)
        self._lag.pending = self._positions
        self._count_states()

    async def _pin(self, start: Position) -> None:
        """Let the versions that are wanted now hold from a position on, where nobody can have scored it before.

        A predecessor may have scored records behind the checkpoint, and their alerts are out. It had as many as one
        flush takes at most, and none behind the tip that we have seen.
        """
        row = self._lease.row
        last = row.pins[-1] if row.pins else None
        if last is not None and not self._is_new_ground(last, start):
            return
        wanted = await self._site.scorer.versions.wanted_after(last)
        if last is None:
            await self._lease.pin(VersionPin(None, *wanted))
        elif last.versions != tuple(wanted):
            await self._lease.pin(VersionPin(start, *wanted))

    def _is_new_ground(self, last: VersionPin, start: Position) -> bool:
        if self._flight is not None or self._lease.row.plan is not None:
            return False
        if not last.holds_at(start) or last.start == start:
            return False
        return self._seen_tip or self._taken >= self._site.limits.records

    async def _flush_if_due(self, target: Position | None) -> None:
        """Carry out a predecessor's plan whose target was reached; without one, begin a flush that is due."""
        if (pending := self._pending) is None or self._flight is not None:
            return
        if target is not None:
            if pending.has_reached(target):
                await self._flush("plan")
        elif pending.positions >= self._site.limits.records:
            self._begin("records")
        elif time.monotonic() - pending.since_s >= self._site.limits.age_s:
            self._begin("age")

    async def _flush(self, cause: Cause) -> None:
        """Begin a flush, and return when all of it is durable."""
        self._begin(cause)
        await self._land()

    def _begin(self, cause: Cause) -> None:
        """Let what is pending be made durable, and what is scored from now on come after it."""
        pending, self._pending = self._pending, None
        self._memory.freeze()
        task = asyncio.create_task(self._carry_out(cause, pending))
        task.add_done_callback(_look_at)
        self._flight = _Flight(0 if pending is None else pending.positions, task)

    async def _land(self, *, wait: bool = True) -> None:
        """Return when no flush is on its way, or at once without `wait`. Raises what has failed in it."""
        if (flight := self._flight) is not None and (wait or flight.task.done()):
            await flight.task
            self._flight = None
            self._lag.pending = self._positions

    @property
    def _positions(self) -> int:
        """How many were taken and are not known to be checkpointed."""
        flight, pending = self._flight, self._pending
        return (0 if flight is None else flight.positions) + (0 if pending is None else pending.positions)

    async def _carry_out(self, cause: Cause, pending: PendingRows | None) -> None:
        """Make durable what was pending: as the plan that stands on the lease says, or as one that is made now."""
        metrics, plan = self._site.metrics, self._lease.row.plan
        positions = 0 if pending is None else pending.positions
        rows: Sequence[ScoreRow] = () if pending is None else pending.rows
        metrics.flush_records.observe(positions)
        with metrics.flush_seconds.time():
            if plan is None and pending is not None and rows:
                plan = pending.plan
                await self._lease.store_plan(plan)
            elif plan is not None and self._covered_to is None:
                first = None if pending is None else pending.first.position
                if has_gap(plan, first, positions):
                    metrics.lost("planned")
            if plan is not None and rows and self._covered_to is None:
                await self._site.kept.count(plan, rows)
                await self._site.objects.write(plan, rows)
            with span(SpanName.DYNAMODB_WRITE) as current:
                current.set(RECORDS, positions)
                await self._memory.store_frozen()
            self._count_states()
            to = self._covered_to or (plan.last if plan is not None else None)
            await self._advance(to, pending)
        self._site.scorer.counts.flushes.labels(cause).inc()

    def _count_states(self) -> None:
        """Count what the memory has met since it was last asked."""
        counts, memory = self._site.scorer.counts, self._memory
        counts.state_conflicts.inc(memory.conflicts - self._conflicts)
        counts.states_unreadable.inc(memory.unreadable - self._unreadable)
        self._conflicts, self._unreadable = memory.conflicts, memory.unreadable

    async def _advance(self, to: Position | None, pending: PendingRows | None) -> None:
        """Checkpoint what was made durable; `to` is where a plan ends, behind all that could be read perhaps."""
        if to is None:
            assert pending is not None  # noqa: S101 - without a plan there is a flush of what is pending alone
            to = pending.last.position
        tally = tally_of(()) if pending is None else pending.tally
        await self._site.checkpointer.advance(self._lease, to, tally)
        self._looked, self._covered_to, self._logged = False, None, {}
        if pending is not None:
            self._site.metrics.records.inc(pending.positions)
            self._lag.durable_to(pending.last.arrived_at)


def _look_at(task: asyncio.Task[None]) -> None:
    """Ask for the error of a flush that nobody waits for any more: another one has ended the drain."""
    if not task.cancelled():
        task.exception()
