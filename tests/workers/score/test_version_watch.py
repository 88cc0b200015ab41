"""Whatever the registry holds, the scorer knows what to score with, and keeps to what it knew."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from fraud.model.loading import MANIFEST, TREES
from fraud.model.shipped import SHIPPED_KEY, shipped_files
from fraud.registry.active_versions import ACTIVE_KEY, WANTED_KINDS, ActiveVersions, Wanted, change_active
from fraud.registry.model_registry import MODELS_PREFIX, ModelRegistry
from fraud.rules.rule_registry import RULES_PREFIX, RuleRegistry
from fraud.scoring.versions import PinnedVersions
from tests.fraud.rules.written import rules
from tests.support.memory_versions import MemoryVersions
from tests.support.virtual_time import in_virtual_time
from workers import retries
from workers.leases.version_pin import VersionPin
from workers.metrics import WorkerMetrics
from workers.score import version_watch
from workers.score.score_metrics import ScoreMetrics
from workers.score.version_watch import KEPT_MAX, Shelf, VersionWatch

MODEL = str(json.loads(shipped_files()[MANIFEST])["id"])
OTHER = "mdl_" + "0" * 32
BEFORE = VersionPin(None, "mdl_" + "1" * 32, None, "rules_before")


@dataclass
class AwayOnce(MemoryVersions):
    """A registry that does not answer at first."""

    away: int = 1

    async def find(self, key: str):  # type: ignore[no-untyped-def] # noqa: ANN201 - as the bucket has it
        if self.away:
            self.away -= 1
            raise TimeoutError
        return await super().find(key)


def watch(objects: MemoryVersions) -> tuple[VersionWatch, WorkerMetrics]:
    metrics = WorkerMetrics("score")
    return VersionWatch(objects, [SHIPPED_KEY], ScoreMetrics(metrics), every_s=1.0), metrics


def refused(metrics: WorkerMetrics) -> set[str]:
    """The kinds of which the wanted version is refused, by the gauge."""
    value = metrics.registry.get_sample_value
    return {kind for kind in WANTED_KINDS if value("txn_score_wanted_refused", {"kind": kind})}


async def registry(**wanted: str) -> MemoryVersions:
    """A registry with the shipped model, in which some versions are wanted."""
    objects = MemoryVersions("lake")
    await ModelRegistry(objects).put(MODEL, shipped_files())
    await want(objects, **wanted)
    return objects


async def want(objects: MemoryVersions, **wanted: str) -> None:
    await change_active(objects, lambda _: ActiveVersions(wanted=Wanted.model_validate(wanted)))


async def test_what_is_wanted_is_loaded_checked_and_compiled() -> None:
    objects = await registry()
    version = await RuleRegistry(objects).put(rules("amount > 1"))
    await want(objects, champion=MODEL, rules=version)
    seen, _ = watch(objects)
    wanted = await seen.wanted_after(None)
    assert wanted == PinnedVersions(MODEL, None, version)
    loaded = await seen.versions(wanted)
    assert loaded.champion is not None
    assert loaded.rules is not None
    assert (loaded.champion.id, loaded.challenger, loaded.rules.version) == (MODEL, None, version)


async def test_an_empty_registry_wants_nothing() -> None:
    seen, _ = watch(MemoryVersions("lake"))
    assert await seen.wanted_after(None) == PinnedVersions()


async def test_whoever_has_to_know_what_to_begin_with_waits_for_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "PAUSE_FIRST_S", 0.0)
    objects = AwayOnce("lake", objects=(await registry(champion=MODEL)).objects)
    seen, _ = watch(objects)
    assert (await seen.wanted_after(None)).model == MODEL


@pytest.mark.parametrize("name", [TREES, MANIFEST])
async def test_a_model_that_was_tampered_with_is_refused_and_the_one_before_goes_on(name: str) -> None:
    """In this process, and where it is a fresh one, the model of the last pin."""
    objects = await registry(champion=MODEL)
    seen, _ = watch(objects)
    await seen.look()
    key = f"{MODELS_PREFIX}{OTHER}/"
    for file, data in shipped_files().items():
        await objects.put(key + file, data.replace(b"1", b"2", 1) if file == name else data)
    await want(objects, champion=OTHER)
    await seen.look()
    assert (await seen.wanted_after(BEFORE)).model == MODEL
    fresh, metrics = watch(objects)
    assert refused(metrics) == set()
    assert (await fresh.wanted_after(BEFORE)).model == BEFORE.model
    assert (await fresh.wanted_after(None)).model is None
    assert metrics.registry.get_sample_value("txn_score_versions_refused_total", {"kind": "model"}) == 1
    assert refused(metrics) == {"model"}, "which `txn status` says"
    await want(objects, champion=MODEL)
    await fresh.look()
    assert refused(metrics) == set()
    await objects.put(ACTIVE_KEY, b"garbage")
    await fresh.look()
    assert refused(metrics) == {"registry"}


@pytest.mark.parametrize(
    "damage",
    [
        lambda objects, version: objects.put(f"{RULES_PREFIX}{version}.json", b"{}"),
        lambda objects, version: objects.put(f"{RULES_PREFIX}{version}.json", b"[" * 100_000),
        lambda objects, version: want(objects, champion=MODEL, rules="rul_that_is_not_there"),
        lambda objects, version: objects.put(ACTIVE_KEY, b"garbage"),
        lambda objects, version: objects.put(ACTIVE_KEY, b'{"wanted": {"champion": "../../etc"}}'),
    ],
    ids=["other rules", "garbage", "no rules", "no document", "no id"],
)
async def test_rules_and_documents_that_are_damaged_change_nothing(
    damage: Callable[[MemoryVersions, str], object],
) -> None:
    objects = await registry(champion=MODEL)
    seen, _ = watch(objects)
    await seen.look()
    version = rules("amount > 2").version
    await want(objects, champion=MODEL, rules=version)
    await damage(objects, version)  # type: ignore[misc]
    await seen.look()
    assert (await seen.wanted_after(BEFORE)).model == MODEL
    assert (await seen.wanted_after(BEFORE)).rules in {None, BEFORE.rules}
    assert (await seen.versions(PinnedVersions(MODEL, None, version))).rules is None


async def test_what_was_refused_is_looked_at_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    objects = MemoryVersions("lake")
    await want(objects, champion=MODEL)
    seen, _ = watch(objects)
    assert (await seen.wanted_after(None)).model is None
    await ModelRegistry(objects).put(MODEL, shipped_files())
    await seen.look()
    assert (await seen.wanted_after(None)).model is None, "not yet"
    monkeypatch.setattr(version_watch, "REFUSED_AGAIN_S", 0.0)
    await seen.look()
    assert (await seen.wanted_after(None)).model == MODEL


async def test_an_idle_watch_reads_one_head_a_look() -> None:
    objects = await registry(champion=MODEL)
    seen, _ = watch(objects)
    await seen.look()
    calls = objects.life.calls
    for _ in range(3):
        await seen.look()
    assert objects.life.calls == calls + 3


@in_virtual_time
async def test_rules_that_fail_all_the_time_are_wanted_no_more(no_threads: None) -> None:
    """An outage delays it, and ends nothing."""
    objects = AwayOnce("lake", objects=(await registry()).objects, away=0)
    made = rules("amount > 1", "amount > 2")
    version = await RuleRegistry(objects).put(made)
    await want(objects, champion=MODEL, rules=version)
    seen, _ = watch(objects)
    await seen.look()
    looks = asyncio.create_task(seen.run())
    objects.away = 1
    seen.note_failing(version, frozenset({"r1"}))
    await asyncio.sleep(1.5)
    assert (await seen.wanted_after(None)).rules == version
    await asyncio.sleep(1.0)
    wanted = await seen.wanted_after(None)
    assert (wanted.model, wanted.rules) == (MODEL, made.without(frozenset({"r1"})).version)
    seen.note_failing(version, frozenset({"r0"}))
    await asyncio.sleep(1.0)
    assert (await seen.wanted_after(None)).rules == wanted.rules, "another version is wanted by now"
    looks.cancel()


async def test_a_shelf_keeps_the_latest_ones_alone() -> None:
    asked: list[str] = []

    async def load(id_: str) -> str:
        asked.append(id_)
        return id_

    shelf = Shelf("model", load, ScoreMetrics(WorkerMetrics("score")))
    for id_ in ("0", *map(str, range(KEPT_MAX + 1)), str(KEPT_MAX), "0"):
        assert await shelf.get(id_) == id_
    assert asked == [*map(str, range(KEPT_MAX + 1)), "0"]
    assert await shelf.get(None) is None
