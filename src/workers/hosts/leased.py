"""A worker process: takes its share of the shards' leases, drains each in a task of its own, renews and hands over.

One task scans and balances; two a shard drain it and renew its lease. A drain that fails in a way that no retry mends
at once begins again at its checkpoint after a while, and holds up no other shard for it. Only when no shard is left
that makes progress, the process ends: then it may be its own fault, and its successor finds everything again.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from botocore.exceptions import ClientError

from txn_core.aws.errors import code_of, is_passing
from txn_core.positions import ShardId
from txn_core.readiness import NotReadyError
from txn_core.settings import Settings
from workers.drain import Processor
from workers.hosts.stopping import run_until
from workers.leases.held import WRITE_S_MAX, HeldLease, LeaseLostError
from workers.leases.lease import Checkpoint, Lease, WorkerName
from workers.leases.ownership import Decision, Watch, decide, pauses_to_next_scan
from workers.leases.shards import lease_shards
from workers.leases.stream_watch import DOUBTFUL, StreamWatch
from workers.leases.table import LeaseTable
from workers.metrics import ShardLag, WorkerMetrics
from workers.reading.opening import OpenReader, Reader
from workers.retries import retry_outages

LEAVE_S_MAX: Final = 2.0
ROUND_S_MAX: Final = 30.0
SCANS_COVERED: Final = 1.5  # a pause between scans counts for expiry up to so many planned ones
NEGLECTED: Final = 1.5  # pauses between scans: who was dealt a free lease has had its chance to take it
SCANS_A_ROUND_MAX: Final = 4  # a refused write says that the rows have changed; they are scanned again
UNSETTLED: Final = 0.25  # of the usual pause, while leases are on their way to us
FAILURES_MAX: Final = 3  # in a row, of a shard while no other makes progress
STUCK_PAUSE_S_FIRST: Final = 1.0
STUCK_PAUSE_S_MAX: Final = 60.0  # each attempt reads again what a whole object holds
WRITE_PART: Final = 1 / 3  # of the failover time: a write that hangs is given up while there is time for the next

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Drain:
    """A shard that this process drains."""

    lease: HeldLease
    stopping: asyncio.Event
    draining: asyncio.Task[None]
    renewing: asyncio.Task[None]
    failed_at: Checkpoint | None = None

    @property
    def is_stuck(self) -> bool:
        """Whether it has failed, and got no further since."""
        return self.failed_at is not None and self.failed_at == self.lease.row.checkpoint


class Worker:
    """One process of one worker kind."""

    def __init__(
        self,
        *,
        name: WorkerName,
        settings: Settings,
        leases: LeaseTable,
        processor: Callable[[HeldLease, ShardLag], Processor],
        metrics: WorkerMetrics,
        stream: StreamWatch,
        open_reader: OpenReader,
    ) -> None:
        self._name, self._settings, self._leases, self._stream = name, settings, leases, stream
        self._processor, self._meters, self._open_reader = processor, metrics, open_reader
        self._drains: dict[ShardId, _Drain] = {}
        self._watch = Watch(covered_s_max=SCANS_COVERED * settings.lease_renew_s)
        self._shards_due_s = 0.0
        self._rounded_s: float | None = None
        self._pause_s = 0.0  # from the last round to the next
        self._hurry = asyncio.Event()
        metrics.shards_stuck.set_function(lambda: len(self._stuck()))
        self._rng = random.Random()  # noqa: S311 - keeps workers apart, guards nothing

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until told to stop, then finish, checkpoint and release within the shutdown deadline."""
        async with asyncio.TaskGroup() as tasks:
            balancing = tasks.create_task(self._balance_until(stopping, tasks))
            await stopping.wait()
            _log.info("stopping", shards=sorted(self._drains))
            await self._stop(balancing)
        _log.info("stopped")

    async def scans_leases(self) -> None:
        """Return when rounds of balancing go on: then this process holds its share, or looks for it.

        Raises:
            NotReadyError: none has ended well for so long that others take our leases, or they are another stream's.
        """
        if self._stream.amiss:
            raise NotReadyError(self._stream.amiss)
        if self._rounded_s is None:
            raise NotReadyError("no look at all leases yet")
        if (age_s := _now_s() - self._rounded_s) > self._settings.lease_failover_s + self._pause_s:
            raise NotReadyError(f"no look at all leases for {age_s:.0f} s")

    async def makes_progress(self) -> None:
        """Return when no shard of this process is stuck.

        Raises:
            NotReadyError: some are; the log's `drain_failed` says why.
        """
        if stuck := self._stuck():
            raise NotReadyError(f"stuck: {', '.join(stuck)}")

    def _stuck(self) -> list[ShardId]:
        return sorted(shard_id for shard_id, drain in self._drains.items() if drain.is_stuck)

    async def _stop(self, balancing: asyncio.Task[None]) -> None:
        """End all work by the deadline, then give up every lease, also those of what was late."""
        deadline_s = _now_s() + max(self._settings.shutdown_deadline_s - LEAVE_S_MAX, 0.0)
        self._hurry.set()
        for drain in self._drains.values():
            drain.stopping.set()
        await _cancelled_at(deadline_s, [balancing])  # the last to start drains
        if late := await _cancelled_at(deadline_s, [drain.draining for drain in self._drains.values()]):
            # A stored plan stays with its lease; whoever takes it next carries it out.
            _log.error("shutdown_deadline_passed", shards_late=len(late))
        try:
            async with asyncio.timeout(LEAVE_S_MAX):
                await self._leave()
        except TimeoutError:
            _log.error("leases_not_given_up", reason="no answer in time; others take them when they expire")
        for drain in self._drains.values():
            drain.renewing.cancel()

    async def _leave(self) -> None:
        """Give up all that has our name on it, and what others are about to hand to us."""
        while True:
            rows = [
                row
                for row in await retry_outages("leave", self._leases.rows)
                if self._name in {row.owner, row.wanted_by}
            ]
            if not rows:
                return
            for row in rows:
                left = row.released() if row.owner == self._name else row.withdrawn()
                await retry_outages("leave", partial(self._leases.write, row, left))

    async def _renew_until_lost(
        self, lease: HeldLease, stop_one: asyncio.Event, draining: asyncio.Task[None]
    ) -> None:
        """Renew one lease; a write of its row that hangs holds up no other's renewal."""
        with suppress(LeaseLostError):
            while True:
                await asyncio.sleep(self._settings.lease_renew_s)
                await lease.renew(within_s=self._settings.lease_renew_s / 2)
                if lease.row.wanted_by is not None:
                    stop_one.set()
        draining.cancel()

    async def _balance_until(self, stopping: asyncio.Event, tasks: asyncio.TaskGroup) -> None:
        while not stopping.is_set():
            self._hurry.clear()
            pause_s = self._settings.lease_renew_s
            try:
                async with asyncio.timeout(ROUND_S_MAX):
                    unsettled = await self._balance(stopping, tasks)
                pause_s *= UNSETTLED if unsettled else self._pauses()
                self._rounded_s, self._pause_s = _now_s(), pause_s
            except Exception as error:
                if not is_passing(error):
                    raise
                _log.warning("outage", call="balance leases", error=code_of(error))
            await run_until(self._hurry, asyncio.sleep(pause_s))

    def _pauses(self) -> int:
        return 1 if self._stream.amiss else pauses_to_next_scan(self._name, self._watch.living())

    async def _balance(self, stopping: asyncio.Event, tasks: asyncio.TaskGroup) -> bool:
        """See all rows, add those of new shards, take up what is ours, then our share; true if more is due."""
        decision = Decision()
        for _ in range(SCANS_A_ROUND_MAX):
            rows = await self._scan(stopping, tasks)
            if _now_s() >= self._shards_due_s:
                if await self._sync(rows):
                    rows = await self._scan(stopping, tasks)
                self._shards_due_s = _now_s() + self._settings.shard_sync_s
            if self._stream.amiss:
                return False
            expired = self._watch.expired(self._settings.lease_failover_s)
            neglected = self._watch.neglected(
                NEGLECTED * self._settings.lease_renew_s, self._settings.lease_failover_s
            )
            decision = decide(self._name, rows, expired, self._rng, neglected)
            if await self._carry_out(decision, stopping, tasks):
                break
        return decision.unsettled

    async def _sync(self, rows: Sequence[Lease]) -> bool:
        """Bring the rows up to the stream's shards; true if they changed.

        While the rows are another stream's, every drain ends as at a hand-over, and none begins.
        """
        if (shards := await self._stream.shards(rows)) is None:
            for drain in self._drains.values():
                drain.stopping.set()
            return False
        changed = any(row.stream is None for row in rows) and self._stream.identity is not None
        return await lease_shards(shards, self._leases, rows, self._stream.identity) or changed

    async def _scan(self, stopping: asyncio.Event, tasks: asyncio.TaskGroup) -> list[Lease]:
        """All rows; a drain for each that is newly ours, and an end of each that another worker asks for."""
        held_before = set(self._drains)
        began_s = _now_s()
        rows = await self._leases.rows()
        self._watch = self._watch.observed(rows, began_s=began_s, ended_s=_now_s())
        for row in rows:
            if row.owner != self._name or row.checkpoint.shard_ended:
                continue
            if row.shard_id not in held_before:
                self._start(row, stopping, tasks)  # handed over, or taken by a write whose answer was lost
            elif row.wanted_by is not None and row.shard_id in self._drains:
                self._drains[row.shard_id].stopping.set()
        return rows

    async def _carry_out(self, decision: Decision, stopping: asyncio.Event, tasks: asyncio.TaskGroup) -> bool:
        """Take and ask; false when a row was no longer as it was seen."""
        refused = False
        for row in decision.take:
            taken = row.taken(self._name)
            if stopping.is_set():
                return True
            if await self._leases.write(row, taken):
                if row.owner is not None:
                    self._meters.leases_stolen.inc()
                self._start(taken, stopping, tasks)
            else:
                refused = True
        for row in decision.ask_for:
            if stopping.is_set():
                return True
            refused |= not await self._leases.write(row, row.wanted(self._name))
        return not refused

    def _start(self, row: Lease, stopping: asyncio.Event, tasks: asyncio.TaskGroup) -> None:
        if row.shard_id in self._drains:
            return
        write_s_max = min(WRITE_S_MAX, self._settings.lease_failover_s * WRITE_PART)
        lease, stop_one = HeldLease(self._leases, row, write_s_max=write_s_max), asyncio.Event()
        if stopping.is_set() or self._stream.amiss:
            stop_one.set()
        draining = tasks.create_task(self._drain(lease, stop_one))
        renewing = tasks.create_task(self._renew_until_lost(lease, stop_one, draining))
        self._drains[row.shard_id] = _Drain(lease, stop_one, draining, renewing)
        self._meters.leases_owned.set(len(self._drains))
        _log.info("lease_taken", shard=row.shard_id, counter=row.counter, plan=row.plan is not None)

    async def _drain(self, lease: HeldLease, stopping: asyncio.Event) -> None:
        """Drain a shard until it ends, the lease is lost or handed over, or the process stops."""
        shard_id, failures = lease.row.shard_id, 0
        lag = self._meters.lag(shard_id)
        try:
            while not failures or not stopping.is_set():
                try:
                    await self._drain_on(lease, lag, stopping)
                    break
                except LeaseLostError:
                    raise
                except Exception as error:
                    failures = failures + 1 if self._drains[shard_id].is_stuck else 1
                    if not self._bears(lease, error, failures):
                        raise
                    pause_s = min(STUCK_PAUSE_S_MAX, STUCK_PAUSE_S_FIRST * 2.0 ** min(failures - 1, 16))
                    await run_until(stopping, asyncio.sleep(pause_s))
            await lease.release()
            _log.info("lease_released", shard=shard_id, ended=lease.row.checkpoint.shard_ended)
        except LeaseLostError:
            pass  # said below, as when a renewal finds it out
        finally:
            self._forget(lease)

    async def _drain_on(self, lease: HeldLease, lag: ShardLag, stopping: asyncio.Event) -> None:
        """Drain a shard from its checkpoint on; what was taken and not made durable is dropped if that fails."""
        row = lease.row
        reader = self._open_reader(row.shard_id, row.checkpoint, self._meters.lost)
        lag.read_limit = lambda: reader.limit
        processor = self._processor(lease, lag)
        try:
            if await drained_to_end(reader, processor, stopping):
                await lease.end()
                self._shards_due_s = 0.0  # its children are wanted at once
                self._hurry.set()
        finally:
            processor.abandon()
            await reader.close()

    def _bears(self, lease: HeldLease, error: Exception, failures: int) -> bool:
        """Note that a drain has failed; false when no other makes progress, and this one has been tried again."""
        shard_id = lease.row.shard_id
        self._drains[shard_id].failed_at = lease.row.checkpoint
        self._meters.drain_failures.inc()
        _log.error("drain_failed", shard=shard_id, error=code_of(error), failures=failures, exc_info=error)
        if code_of(error) in DOUBTFUL:
            self._stream.doubt()
            self._shards_due_s = 0.0
            self._hurry.set()
        return failures < FAILURES_MAX or len(self._stuck()) < len(self._drains)

    def _forget(self, lease: HeldLease) -> None:
        shard_id = lease.row.shard_id
        self._drains.pop(shard_id).renewing.cancel()
        self._meters.forget(shard_id)
        self._meters.leases_owned.set(len(self._drains))
        if lease.lost:
            self._meters.leases_lost.inc()
            _log.warning("lease_lost", shard=shard_id)


def _now_s() -> float:
    """Monotonic seconds, by the clock of the event loop."""
    return asyncio.get_running_loop().time()


async def _cancelled_at(deadline_s: float, tasks: Sequence[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """Wait for tasks, and cancel those that are not done by a monotonic time; gives the cancelled ones, ended."""
    if not tasks:
        return set()
    _, late = await asyncio.wait(tasks, timeout=max(0.0, deadline_s - _now_s()))
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late)
    return late


async def drained_to_end(reader: Reader, processor: Processor, stopping: asyncio.Event) -> bool:
    """Process a shard until its end or until told to stop, all of it durable then; true at its end.

    So it is when the stream goes away: what was read of it can be had from nowhere else.
    """
    while True:
        try:
            batch = await run_until(stopping, reader.read())
        except ClientError as error:
            if code_of(error) in DOUBTFUL:
                await processor.finish()
            raise
        if batch is None:
            await processor.finish()
            return False
        await processor.take(batch)
        if batch.ended:
            await processor.finish()
            return True
