"""One run: a system under load and under its schedule, then quiet, drained, stopped, and judged."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

from tests.chaos import wishes
from tests.chaos.actions import (
    Action,
    ChangeVersions,
    ExpireIterators,
    FreezeAt,
    JumpClock,
    Kill,
    KillAt,
    Merge,
    Point,
    Poison,
    Resign,
    Split,
    ThrottleShard,
    Timed,
)
from tests.chaos.calls import Call
from tests.chaos.faults import Troubles
from tests.chaos.judging import views
from tests.chaos.judging.finding import summary
from tests.chaos.judging.scores.collecting import score_evidence
from tests.chaos.judging.scores.faults import compared_scores, find_score_faults
from tests.chaos.judging.tally import Tally
from tests.chaos.judging.tips import Tips
from tests.chaos.judging.verdict import Evidence, compared, find_faults
from tests.chaos.load import Load
from tests.chaos.schedule import Schedule
from tests.chaos.stream import tried
from tests.chaos.system import ACCOUNT, Servers, System, card_key_of
from tests.chaos.traffic import Traffic
from tests.support.reference_reader import by_reference
from txn_core import drains
from txn_core.aws.clients import Aws
from txn_core.dynamodb.tables import TableNames
from workers.events.dead_letters import Seal

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

PATIENCE_S: Final = 4.0  # how long clients go on asking after the last fault
QUIET_S_MAX: Final = 30.0
STILL_S_MAX: Final = 90.0  # without anybody coming any further
LOOK_S: Final = 0.25
# The API ends at its start, with one line, when a store fails it there; its supervisor tries again. Once it
# serves, it ends by a signal alone.
NOT_STARTED: Final = "api ended: exit code 1: txn: "


@dataclass(slots=True)
class Report:
    """What a run came to. It passed when nothing failed."""

    schedule: Schedule
    failures: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0


async def run(servers: Servers, schedule: Schedule, folder: Path) -> Report:
    """Run a schedule; logs go to a folder whose name stream, tables and bucket get, too."""
    report, began_s = Report(schedule), time.monotonic()
    traffic = Traffic(Troubles(schedule.troubles, Random(f"rates/{schedule.seed}")))
    async with System.up(servers, schedule, traffic, folder) as system:
        await _SeedRun(system, traffic, schedule, report).carry_out()
    report.seconds = time.monotonic() - began_s
    return report


@dataclass(slots=True)
class _SeedRun:
    system: System
    traffic: Traffic
    schedule: Schedule
    report: Report
    _frozen: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)  # by kind

    async def carry_out(self) -> None:
        """All of it, in order. Whatever does not end in time is a failure and not an error."""
        system, tally = self.system, self.report.tally
        load = Load(self.schedule.seed, system.api_url, system.api_key)
        put = [t.action.data for t in self.schedule.timed if isinstance(t.action, Poison)]
        poison = frozenset(data for record in put for _, data, _ in by_reference(record))
        await self._begun()
        async with asyncio.TaskGroup() as tasks:
            self.traffic.begin()
            system.stream.trouble(self.schedule)
            loading = tasks.create_task(load.run(self.schedule.load_s))
            acting = [tasks.create_task(self._at(timed)) for timed in self.schedule.timed]
            await asyncio.sleep(self.schedule.load_s)
            self.traffic.calm()
            system.stream.calm()
            await asyncio.wait([*acting, *self._frozen.values()])
            await self._quiet()
            tasks.create_task(_later(PATIENCE_S, load.lose_patience))
            await loading
        await self._stop("api")
        drained = await self._drained()
        for worker in list(system.workers):
            await self._stop(worker.spec.name)
        tally.injected += self.traffic.troubles.met
        tally.seen += self.traffic.seen
        if system.stream.server is not None:
            tally.injected.update({f"kinesis: {n}": c for n, c in system.stream.server.faults.met.items()})
            tally.seen.update({f"kinesis: {n}": c for n, c in system.stream.server.errors.items()})
        for submission in load.submissions:
            tally.answers.update(
                f"{answer.code}{', replayed' if answer.replayed else ''}" for answer in submission.answers
            )
        if not drained:
            self.report.failures.append(f"not drained, and nobody came any further for {STILL_S_MAX:g} s")
        await self._find_faults(load, poison)

    async def _find_faults(self, load: Load, poison: frozenset[bytes]) -> None:
        settings, tally, found = self.system.settings, self.report.tally, await self._views()
        evidence = Evidence(
            account=ACCOUNT,
            card_key=card_key_of(settings),
            submissions=load.submissions,
            poison=poison,
            views=found,
            logs={log.name: log.read_bytes() for log in sorted(self.system.logs.iterdir())},
        )
        of_scores = await score_evidence(self.system, found, poison)
        tally.compared += compared(evidence) + compared_scores(of_scores)
        findings = [*find_faults(evidence), *find_score_faults(of_scores)]
        self.report.tally.broken.update(finding.promise for finding in findings)
        self.report.failures += summary(findings)

    async def _views(self) -> views.Views:
        settings = self.system.settings
        table = TableNames(settings.table_prefix).transactions
        async with Aws(settings).dynamodb() as dynamodb, Aws(settings).s3() as s3:
            items = await views.items_of(dynamodb, table)
            return views.Views(
                stream=views.placed(await self.system.stream.stored()),
                items={key: views.item_of(item) for key, item in items.items()},
                indexed=await views.indexed_keys(dynamodb, table),
                rows=await views.rows_of(s3, settings.lake_bucket),
                letters=await views.letters_of(s3, settings.lake_bucket, Seal.of(settings)),
            )

    # What goes wrong

    async def _at(self, timed: Timed) -> None:
        await asyncio.sleep(timed.at_s)
        await self._act(timed.action)

    async def _act(self, action: Action) -> None:
        match action:
            case Kill(name, back_after_s):
                self._kill(name, back_after_s)
            case KillAt(point, back_after_s):
                self.traffic.when(point, partial(self._kill_at, point, back_after_s))
            case FreezeAt(point, for_s):
                self.traffic.when(point, partial(self._freeze, point, for_s))
            case Resign(name, back_after_s):
                self._changed("worker gone and come", happened=self.system.actors[name].resign(back_after_s))
            case JumpClock(wall_s, monotonic_s):
                self.system.clock.set(wall_s, monotonic_s)
                self._changed("wall clock jumped" if wall_s else "monotonic clock jumped")
            case ChangeVersions():
                self._changed("versions changed", happened=await tried(partial(wishes.change, self.system.settings)))
            case _:
                await self._change_stream(action)

    async def _change_stream(self, action: Split | Merge | ThrottleShard | ExpireIterators | Poison) -> None:
        stream = self.system.stream
        match action:
            case Split(place):
                self._changed("shard split", happened=await stream.split(place))
            case Merge(place):
                self._changed("shards merged", happened=await stream.merge(place))
            case ThrottleShard(place, for_s):
                self._changed("shard throttled", happened=await stream.throttle(place, for_s))
            case ExpireIterators():
                self._changed("iterators expired", happened=stream.expire_iterators())
            case Poison(data):
                self._changed("poison put", happened=await stream.put(data, f"poison-{len(data)}"))

    def _changed(self, what: str, *, happened: bool = True) -> None:
        self.report.tally.changes[what] += happened

    def _kill(self, name: str, back_after_s: float) -> None:
        if self.system.actors[name].kill(back_after_s):
            self.report.tally.kills[name.partition("-")[0]] += 1

    async def _kill_at(self, point: Point, back_after_s: float, call: Call) -> None:
        if self.system.actors[call.sender].kill(back_after_s):
            self.report.tally.kills[f"{point.kind}, at a protocol step"] += 1

    async def _freeze(self, point: Point, for_s: float, call: Call) -> None:
        """Freeze the sender; its call waits as long, and meets its successor's. One of a kind at a time, since others
        are to take its shards over.
        """
        actor, loop = self.system.actors[call.sender], asyncio.get_running_loop()
        if point.kind in self._frozen or not actor.is_up:
            self.traffic.when(point, partial(self._freeze, point, for_s))
            return
        began_s = loop.time()
        self._frozen[point.kind] = asyncio.create_task(actor.freeze(for_s))
        await asyncio.shield(self._frozen[point.kind])
        del self._frozen[point.kind]
        step = f"{point.kind}: {point.step}"
        self.report.tally.zombies[step] += 1
        self.report.tally.overtaken[step] += self.traffic.overtaken(call, began_s, loop.time())

    # The end

    async def _quiet(self) -> None:
        """Until everything that was killed, frozen or sent away is back."""
        await _until(lambda: all(actor.is_up for actor in self.system.actors.values()), QUIET_S_MAX)
        for name in ("kinesis", "dynamodb", "s3", "api"):
            await self.system.actors[name].answered()

    async def _stop(self, name: str) -> None:
        actor = self.system.actors[name]
        returncode = await actor.stop()
        if returncode != 0:
            self.report.failures.append(f"{name} ended with {returncode} when it was told to stop")
        for ending, count in actor.ends.items():
            if ending.startswith(NOT_STARTED):
                self.report.tally.seen["api did not start, and was started again"] += count
            else:
                self.report.failures.append(f"{ending} ({count} times)")

    async def _begun(self) -> None:
        """Until each kind of worker holds a shard: on a busy machine they take longer to start than a short load."""
        async with Aws(self.system.settings).dynamodb() as dynamodb, asyncio.timeout(STILL_S_MAX):
            while not all(map(_held, await self._leases(dynamodb))):  # noqa: ASYNC110 - processes tell nobody
                await asyncio.sleep(LOOK_S)

    async def _drained(self) -> bool:
        """Until every kind of worker is at the last record of each open shard, and has ended all others; false when
        none has come any further for a while.
        """
        moved_s, seen = time.monotonic(), None
        async with Aws(self.system.settings).dynamodb() as dynamodb:
            while not (tips := await self._tips()).reached(*(rows := await self._leases(dynamodb))):
                if (places := tips.progress(*rows)) != seen:
                    moved_s, seen = time.monotonic(), places
                if time.monotonic() - moved_s > STILL_S_MAX:
                    return False
                await asyncio.sleep(LOOK_S)
        return True

    async def _tips(self) -> Tips:
        stream = self.system.stream
        return Tips(await stream.shard_ids(), await stream.closed(), views.placed(await stream.stored()))

    async def _leases(self, dynamodb: "DynamoDBClient") -> list[list[Any]]:
        """The lease rows of each drain."""
        names = TableNames(self.system.settings.table_prefix)
        tables = [names.leases(kind) for kind in drains.names()]
        return [(await dynamodb.scan(TableName=table, ConsistentRead=True))["Items"] for table in tables]


def _held(rows: Sequence[Any]) -> bool:
    """Whether somebody holds a shard, by the lease rows of a kind."""
    return any("leaseOwner" in row for row in rows)


async def _later(after_s: float, act: Callable[[], None]) -> None:
    await asyncio.sleep(after_s)
    act()


async def _until(holds: Callable[[], bool], within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - processes tell nobody
            await asyncio.sleep(0.05)
