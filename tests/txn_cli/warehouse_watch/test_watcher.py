"""The watcher runs when something is new, tells of failures and tries again, one run at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from botocore.exceptions import ClientError

from txn_cli.warehouse_watch.lake_look import LakeLook
from txn_cli.warehouse_watch.run_process import RunOutcome
from txn_cli.warehouse_watch.watch_metrics import WatchMetrics
from txn_cli.warehouse_watch.watcher import PAUSE_S_MAX, Watcher
from txn_core.exceptions import StackError
from txn_core.readiness import NotReadyError

GOOD, EVERY_S = RunOutcome(rows=3, built=True), 60.0


@dataclass
class Lake:
    """A lake that tests fill, runs whose outcome they choose, and a clock that they move."""

    looks: LakeLook = field(default_factory=LakeLook)
    fault: Exception | None = None
    outcomes: list[RunOutcome] = field(default_factory=list)
    during: Callable[[], Awaitable[None]] | None = None
    ran: list[float] = field(default_factory=list)
    now: float = 1_000.0

    def holds(self, *raw: str, commit: str = "") -> None:
        self.looks = LakeLook(frozenset(raw), commit)

    async def look(self, _: LakeLook) -> LakeLook:
        if self.fault is not None:
            raise self.fault
        return self.looks

    async def run(self) -> RunOutcome:
        self.ran.append(self.now)
        if self.during is not None:
            await self.during()
        return self.outcomes.pop(0) if self.outcomes else GOOD

    def watcher(self) -> Watcher:
        return Watcher(self.look, self.run, EVERY_S, WatchMetrics(lambda: self.now))


def sample(watcher: Watcher, name: str, **labels: str) -> float:
    value = watcher.metrics.registry.get_sample_value(f"txn_warehouse_{name}", labels)
    assert value is not None, name
    return value


async def test_nothing_new_starts_no_run() -> None:
    lake = Lake()
    watcher = lake.watcher()
    await watcher.turn()
    assert len(lake.ran) == 0, "an empty lake"
    await watcher.works()
    lake.holds("raw/a")
    await watcher.turn()
    await watcher.turn()
    assert len(lake.ran) == 1, "what is in the warehouse is not known at the first look"
    lake.holds("raw/a", "raw/b")
    await watcher.turn()
    assert len(lake.ran) == 2
    lake.holds("raw/a", "raw/b", commit="curated/commits/000000000001.json")
    await watcher.turn()
    assert len(lake.ran) == 3, "somebody else may have curated"
    assert sample(watcher, "runs_total", outcome="built") == 3
    assert sample(watcher, "objects_waiting") == 0
    await watcher.works()


async def test_an_object_that_comes_during_a_run_is_seen_by_the_next_look() -> None:
    lake = Lake()
    lake.holds("raw/a")

    async def arrive() -> None:
        lake.holds("raw/a", "raw/late")

    lake.during, watcher = arrive, lake.watcher()
    await watcher.turn()
    assert len(lake.ran) == 1
    await watcher.turn()
    assert len(lake.ran) == 2


async def test_a_failure_is_told_counted_and_tried_again_with_growing_pauses() -> None:
    lake = Lake(outcomes=[RunOutcome(error="the model fact_transactions failed")] * 12)
    lake.holds("raw/a")
    watcher = lake.watcher()
    pauses = []
    for turn in range(12):
        await watcher.turn()
        pauses.append(watcher.pause_s)
        with pytest.raises(NotReadyError, match="fact_transactions"):
            await watcher.works()
        assert sample(watcher, "failures_in_a_row") == turn + 1
        lake.now += 10
    assert pauses[:3] == [2 * EVERY_S, 4 * EVERY_S, 8 * EVERY_S]
    assert pauses[-1] == PAUSE_S_MAX
    assert sample(watcher, "objects_waiting") == 1
    assert sample(watcher, "behind_seconds") == 120
    assert sample(watcher, "built_timestamp_seconds") == 0
    await watcher.turn()
    await watcher.works()
    assert watcher.pause_s == EVERY_S
    assert sample(watcher, "runs_total", outcome="failed") == 12
    assert sample(watcher, "failures_in_a_row") == 0
    assert sample(watcher, "behind_seconds") == 0
    assert sample(watcher, "last_run_rows") == 3
    assert sample(watcher, "built_timestamp_seconds") == lake.now


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (ClientError({"Error": {"Code": "SlowDown"}}, "ListObjectsV2"), "cannot list the lake: SlowDown"),
        (ConnectionRefusedError(), "cannot list the lake: ConnectionRefusedError"),
        (TimeoutError(), "cannot list the lake: TimeoutError"),
        (StackError("ready.json is damaged"), "ready.json is damaged"),
    ],
)
async def test_a_lake_that_cannot_be_listed_starts_no_run_and_ends_nothing(fault: Exception, told: str) -> None:
    lake = Lake(fault=fault)
    lake.holds("raw/a")
    watcher = lake.watcher()
    await watcher.turn()
    with pytest.raises(NotReadyError, match=told):
        await watcher.works()
    assert len(lake.ran) == 0
    lake.fault = None
    await watcher.turn()
    await watcher.works()
    assert len(lake.ran) == 1


async def test_a_look_that_is_wanted_cuts_the_pause_short_also_the_long_one_after_failures() -> None:
    """A wish during a run is not lost either: the next look follows at once."""
    lake, running, go_on = Lake(outcomes=[RunOutcome(error="no")] * 3), asyncio.Event(), asyncio.Event()
    lake.holds("raw/a")

    async def hold() -> None:
        running.set()
        await go_on.wait()

    lake.during, watcher = hold, lake.watcher()
    task = asyncio.create_task(watcher.watch())
    async with asyncio.timeout(30):
        await running.wait()
        watcher.look_now()
        go_on.set()
        while len(lake.ran) < 2:  # noqa: ASYNC110 - the watcher tells nobody
            await asyncio.sleep(0)
        watcher.look_now()
        while len(lake.ran) < 3:  # noqa: ASYNC110 - the watcher tells nobody
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])


async def test_cancelling_reaches_the_run_under_way() -> None:
    lake, running, ended = Lake(), asyncio.Event(), asyncio.Event()
    lake.holds("raw/a")

    async def hold() -> None:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    lake.during = hold
    task = asyncio.create_task(lake.watcher().watch())
    await running.wait()
    task.cancel()
    await asyncio.wait([task])
    assert ended.is_set()
