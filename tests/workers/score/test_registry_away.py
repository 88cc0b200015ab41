"""The registry alone is away for a minute: at the start of a process, within a change, between any two reads.

Records come all the time, and each is to raise an alert. The clock is virtual; a registry that is away refuses, or
keeps a request until it is back or the client gives up, as a process that is stopped does.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from fraud.model.loading import MANIFEST, SIGNATURE, load_model
from fraud.model.model import Model
from fraud.model.shipped import SHIPPED_KEY, shipped_files
from fraud.model.signature import public_key_of
from fraud.registry import model_registry
from fraud.registry.active_versions import ActiveVersions, Wanted, change_active
from fraud.registry.model_registry import ModelRegistry
from fraud.rules.rule_registry import RuleRegistry
from fraud.rules.rule_set import RuleSet
from fraud.scoring.versions import PinnedVersions
from tests.fraud.rules.written import rules
from tests.fraud.scoring.made_models import retrained
from tests.support.memory_versions import MemoryVersions
from tests.support.virtual_time import in_virtual_time
from tests.workers.builders import records
from tests.workers.score.score_world import ScoreWorld, Watch, quick
from tests.workers.score.test_score_processor import LARGE, bought
from txn_core.aws.clients import READ_TIMEOUT_S
from txn_core.kinesis.record_batch import RecordBatch
from workers.metrics import WorkerMetrics
from workers.reading.reader import Batch
from workers.score.score_metrics import ScoreMetrics
from workers.score.version_watch import VersionWatch

T = TypeVar("T")

AWAY_S: Final = 60.0
BACK_S_MAX: Final = 10.0
GIVES_UP_S: Final = 3 * READ_TIMEOUT_S
"""The client of the lake's bucket."""
EVERY_S: Final = 5.0
RECORDS: Final = 16
RECORD_EVERY_S: Final = 6.0
CHANGED_AT: Final = 3
"""Before this record another model and other rules are wanted."""
CALLS: Final = 24
"""Calls to the registry until the change is taken up, of which each CALLS_APART-th is the first one to fail."""
CALLS_APART: Final = 6
KEY: Final = b"7" * 32
OLD: Final = shipped_files()
OLD_ID: Final = str(json.loads(OLD[MANIFEST])["id"])


CHECKED: Final = dict[bytes, Model]()
"""Models that passed every check, by their signatures."""
NEW_ID, NEW = retrained(KEY)
OLD_RULES, NEW_RULES = rules("amount > 50000"), rules("amount > 50001")
READ: Final = records(*(bought(number % 3, LARGE, id_=f"{number:08}") for number in range(RECORDS)))


@dataclass
class AwayRegistry(MemoryVersions):
    """A registry that goes away at one of its calls, for a minute."""

    at_call: int | None = None
    hangs: bool = False
    calls: list[float] = field(default_factory=list)
    until_s: float = 0.0

    async def _call(self, effect: Callable[[], T]) -> T:
        now_s = asyncio.get_running_loop().time()
        if len(self.calls) == self.at_call and not self.until_s:
            self.until_s = now_s + AWAY_S
        self.calls.append(now_s)
        if now_s < self.until_s and not self.hangs:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
        if now_s + GIVES_UP_S < self.until_s:
            await asyncio.sleep(GIVES_UP_S)
            raise ReadTimeoutError(endpoint_url="http://127.0.0.1:9")
        await asyncio.sleep(max(0.0, self.until_s - now_s))
        return await super()._call(effect)


@dataclass
class AwayRun:
    """What a scorer left beside a registry, and how late each alert was, seconds."""

    world: ScoreWorld
    registry: AwayRegistry
    late_s: list[float] = field(default_factory=list)
    loaded_by: int = 0
    """How many calls to the registry came before the first score."""

    @property
    def changed_at(self) -> int:
        """The first record under the versions that are wanted last."""
        return [row.model for row in self.world.log()].index(NEW_ID)


@pytest.fixture(autouse=True)
def quick_models(monkeypatch: pytest.MonkeyPatch, no_threads: None) -> None:
    """Check each model once; the files are the same every time."""

    def load(files: dict[str, bytes], keys: Any) -> Model:
        if (signature := files[SIGNATURE]) not in CHECKED:
            CHECKED[signature] = quick(load_model(files, keys).id)
        return CHECKED[signature]

    monkeypatch.setattr(model_registry, "load_model", load)


async def run(at_call: int | None = None, *, hangs: bool = False) -> AwayRun:
    """Score beside a registry that goes away at a call."""
    kept = MemoryVersions("lake")
    for id_, files in ((OLD_ID, OLD), (NEW_ID, NEW)):
        await ModelRegistry(kept).put(id_, files)
    for each in (OLD_RULES, NEW_RULES):
        await RuleRegistry(kept).put(each)
    await want(kept, Wanted(champion=OLD_ID, rules=OLD_RULES.version))
    away = AwayRun(ScoreWorld(), AwayRegistry("lake", objects=kept.objects, at_call=at_call, hangs=hangs))
    keys = [SHIPPED_KEY, public_key_of(KEY)]
    watch = VersionWatch(away.registry, keys, ScoreMetrics(WorkerMetrics("score")), every_s=EVERY_S)
    away.world.watch = watch  # type: ignore[assignment]
    process, looks = away.world.begun(), asyncio.create_task(watch.run())
    now_s = asyncio.get_running_loop().time
    begun_s = now_s()
    for number, record in enumerate(READ):
        due_s = begun_s + number * RECORD_EVERY_S
        await asyncio.sleep(max(0.0, due_s - now_s()))
        if number == CHANGED_AT:
            await want(kept, Wanted(champion=NEW_ID, rules=NEW_RULES.version))
        await process.processor.take(Batch(RecordBatch.of([record]), at_tip=True, ended=False))
        away.late_s.append(now_s() - due_s)
        away.loaded_by = away.loaded_by or len(away.registry.calls)
    await process.processor.finish()
    looks.cancel()
    with suppress(asyncio.CancelledError):
        await looks
    return away


async def want(registry: MemoryVersions, wanted: Wanted) -> None:
    await change_active(registry, lambda _: ActiveVersions(wanted=wanted))


async def undisturbed(changed_at: int) -> dict[str, object]:
    """What a scorer leaves that has every version at hand, where others are wanted from a record on."""
    old, new = PinnedVersions(OLD_ID, None, OLD_RULES.version), PinnedVersions(NEW_ID, None, NEW_RULES.version)
    sets = {each.version: RuleSet.of(each) for each in (OLD_RULES, NEW_RULES)}
    world = ScoreWorld(watch=Watch(old, {id_: quick(id_) for id_ in (OLD_ID, NEW_ID)}, sets))
    process = world.begun()
    for number, record in enumerate(READ):
        world.watch.wanted = new if number >= changed_at else old
        await process.processor.take(Batch(RecordBatch.of([record]), at_tip=True, ended=False))
    await process.processor.finish()
    return world.found()


@in_virtual_time
@pytest.mark.parametrize("hangs", [False, True], ids=["refuses", "hangs"])
async def test_a_registry_that_is_away_for_a_minute_changes_no_score(*, hangs: bool) -> None:
    """Who has begun goes on at once with what it had, and takes up a change once the registry is back."""
    usual = await run()
    assert usual.late_s == [0.0] * RECORDS
    expected = {usual.changed_at: await undisturbed(usual.changed_at)}
    assert len(usual.world.published) == RECORDS
    for at_call in range(2 * hangs, CALLS, CALLS_APART):
        away = await run(at_call, hangs=hangs)
        assert away.registry.until_s, at_call
        if (changed_at := away.changed_at) not in expected:
            expected[changed_at] = await undisturbed(changed_at)
        assert away.world.found() == expected[changed_at], at_call
        assert len(away.world.published) == RECORDS
        if at_call >= usual.loaded_by:
            assert away.late_s == usual.late_s, at_call
        back_s = away.registry.until_s + BACK_S_MAX
        due_s = [number * RECORD_EVERY_S for number in range(RECORDS)]
        assert all(due + late <= max(due, back_s) for due, late in zip(due_s, away.late_s, strict=True)), at_call
        assert due_s[changed_at - 1] <= back_s, at_call
