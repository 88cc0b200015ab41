"""A worker process: takes its share of the shards' leases, drains each in a task of its own, renews and hands over.

Three kinds of tasks run side by side: one renews, one scans and balances, one a shard drains. A drain that fails in
a way that no retry mends ends the process: it was not checkpointed, so its successor finds everything again.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from txn_core.positions import ShardId
from txn_core.settings import Settings
from workers.held_lease import HeldLease, LeaseLostError
from workers.lease_table import LeaseTable
from workers.leases import Lease, WorkerName
from workers.meters import Meters, ShardLag
from workers.outages import code_of, is_passing, patiently
from workers.ownership import Watch, decide
from workers.reader import Batch, ShardReader
from workers.shards import leases_lacking, list_shards
from workers.stopping import unless

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

LEAVE_S_MAX: Final = 2.0
ROUND_S_MAX: Final = 30.0
SCANS_COVERED: Final = 2.0  # a pause between scans counts for expiry up to so many planned ones

_log = structlog.get_logger(__name__)


class Processor(Protocol):
    """What becomes of one shard's records."""

    async def take(self, batch: Batch) -> None:
        """Take records in; after an empty batch, do what is due by time."""

    async def finish(self) -> None:
        """Make durable and checkpoint all that was taken."""

    def abandon(self) -> None:
        """Free what was taken; nothing of it may be written any more."""


@dataclass(slots=True)
class _Drain:
    """A shard that this process drains."""

    lease: HeldLease
    stopping: asyncio.Event
    task: asyncio.Task[None]


class Worker:
    """One process of one worker kind."""

    def __init__(
        self,
        *,
        name: WorkerName,
        settings: Settings,
        kinesis: "KinesisClient",
        leases: LeaseTable,
        processor: Callable[[HeldLease, ShardLag], Processor],
        meters: Meters,
    ) -> None:
        self._name, self._settings, self._kinesis, self._leases = name, settings, kinesis, leases
        self._processor, self._meters = processor, meters
        self._drains: dict[ShardId, _Drain] = {}
        self._watch = Watch(covered_s_max=SCANS_COVERED * settings.lease_renew_s)
        self._shards_due_s = 0.0
        self._hurry = asyncio.Event()
        self._dice = random.Random()  # noqa: S311 - keeps workers apart, guards nothing

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until told to stop, then finish, checkpoint and release within the shutdown deadline."""
        async with asyncio.TaskGroup() as tasks:
            renewing = tasks.create_task(self._renew_for_ever())
            balancing = tasks.create_task(self._balance_until(stopping, tasks))
            await stopping.wait()
            _log.info("stopping", shards=sorted(self._drains))
            await self._stop(balancing)
            renewing.cancel()
        _log.info("stopped")

    async def _stop(self, balancing: asyncio.Task[None]) -> None:
        """End all work by the deadline, then give up every lease, also those of what was late."""
        deadline_s = time.monotonic() + max(self._settings.shutdown_deadline_s - LEAVE_S_MAX, 0.0)
        self._hurry.set()
        for drain in self._drains.values():
            drain.stopping.set()
        await _cancelled_at(deadline_s, [balancing])  # the last to start drains
        late = await _cancelled_at(deadline_s, [drain.task for drain in self._drains.values()])
        if late:
            # A stored plan stays with its lease; whoever takes it next carries it out.
            _log.error("shutdown_deadline_passed", shards_late=len(late))
        try:
            async with asyncio.timeout(LEAVE_S_MAX):
                await self._leave()
        except TimeoutError:
            _log.error("leases_not_given_up", reason="no answer in time; others take them when they expire")

    async def _leave(self) -> None:
        """Give up all that has our name on it, and what others are about to hand to us."""
        while True:
            rows = [
                row for row in await patiently("leave", self._leases.rows) if self._name in {row.owner, row.wanted_by}
            ]
            if not rows:
                return
            for row in rows:
                left = row.released() if row.owner == self._name else row.withdrawn()
                await patiently("leave", partial(self._leases.write, row, left))

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.gather(*(self._renew(drain) for drain in list(self._drains.values())))
            await asyncio.sleep(self._settings.lease_renew_s)

    async def _renew(self, drain: _Drain) -> None:
        try:
            await drain.lease.renew(within_s=self._settings.lease_renew_s / 2)
        except LeaseLostError:
            drain.task.cancel()
        if drain.lease.row.wanted_by is not None:
            drain.stopping.set()

    async def _balance_until(self, stopping: asyncio.Event, tasks: asyncio.TaskGroup) -> None:
        while not stopping.is_set():
            self._hurry.clear()
            try:
                async with asyncio.timeout(ROUND_S_MAX):
                    await self._balance(stopping, tasks)
            except Exception as error:
                if not is_passing(error):
                    raise
                _log.warning("outage", call="balance leases", error=code_of(error))
            await unless(self._hurry, asyncio.sleep(self._settings.lease_renew_s))

    async def _balance(self, stopping: asyncio.Event, tasks: asyncio.TaskGroup) -> None:
        """One round: see all rows, add those of new shards, take up what is ours, take our share."""
        held_before = set(self._drains)
        began_s = time.monotonic()
        rows = await self._leases.rows()
        self._watch = self._watch.observed(rows, began_s=began_s, ended_s=time.monotonic())
        if time.monotonic() >= self._shards_due_s:
            rows += await self._lease_new_shards(rows)
            self._shards_due_s = time.monotonic() + self._settings.shard_sync_s
        for row in rows:
            if row.owner == self._name and not row.checkpoint.shard_ended and row.shard_id not in held_before:
                self._start(row, stopping, tasks)  # handed over, or taken by a write whose answer was lost
        decision = decide(self._name, rows, self._watch.expired(self._settings.lease_failover_s), self._dice)
        for row in decision.take:
            taken = row.taken(self._name)
            if not stopping.is_set() and await self._leases.write(row, taken):
                self._start(taken, stopping, tasks)
        if decision.ask_for is not None and not stopping.is_set():
            await self._leases.write(decision.ask_for, decision.ask_for.wanted(self._name))

    async def _lease_new_shards(self, rows: list[Lease]) -> list[Lease]:
        lacking = leases_lacking(await list_shards(self._kinesis, self._settings.stream), rows)
        return [lease for lease in lacking if await self._leases.create(lease)]

    def _start(self, row: Lease, stopping: asyncio.Event, tasks: asyncio.TaskGroup) -> None:
        if row.shard_id in self._drains:
            return
        lease, stop_one = HeldLease(self._leases, row), asyncio.Event()
        if stopping.is_set():
            stop_one.set()
        task = tasks.create_task(self._drain(lease, stop_one))
        self._drains[row.shard_id] = _Drain(lease, stop_one, task)
        self._meters.leases_owned.set(len(self._drains))
        _log.info("lease_taken", shard=row.shard_id, counter=row.counter, plan=row.plan is not None)

    async def _drain(self, lease: HeldLease, stopping: asyncio.Event) -> None:
        """Drain a shard until it ends, the lease is lost or handed over, or the process stops."""
        row = lease.row
        reader = ShardReader(
            self._kinesis,
            self._settings.stream,
            row.shard_id,
            row.checkpoint,
            records_max=self._settings.poll_records_max,
            idle_s=self._settings.poll_idle_s,
        )
        processor = self._processor(lease, self._meters.lag(row.shard_id))
        try:
            if await drained_to_end(reader, processor, stopping):
                await lease.end()
                self._shards_due_s = 0.0  # its children are wanted at once
                self._hurry.set()
            await lease.release()
            _log.info("lease_released", shard=row.shard_id, ended=lease.row.checkpoint.shard_ended)
        except LeaseLostError:
            pass  # said below, as when a renewal finds it out
        finally:
            processor.abandon()
            self._forget(lease)

    def _forget(self, lease: HeldLease) -> None:
        shard_id = lease.row.shard_id
        del self._drains[shard_id]
        self._meters.forget(shard_id)
        self._meters.leases_owned.set(len(self._drains))
        if lease.lost:
            self._meters.leases_lost.inc()
            _log.warning("lease_lost", shard=shard_id)


async def _cancelled_at(deadline_s: float, tasks: Sequence[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """Wait for tasks, and cancel those that are not done by a monotonic time; gives the cancelled ones, ended."""
    if not tasks:
        return set()
    _, late = await asyncio.wait(tasks, timeout=max(0.0, deadline_s - time.monotonic()))
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late)
    return late


async def drained_to_end(reader: ShardReader, processor: Processor, stopping: asyncio.Event) -> bool:
    """Process a shard until its end or until told to stop, all of it durable then; true at its end."""
    while (batch := await unless(stopping, reader.read())) is not None:
        await processor.take(batch)
        if batch.ended:
            await processor.finish()
            return True
    await processor.finish()
    return False
