"""What `txn up` does with the model that is wanted: it chooses where nobody has, and says what an update refuses."""

import json

import pytest

from fraud.model.loading import MANIFEST
from fraud.model.shipped import SHIPPED_KEYS, shipped_files
from fraud.model.signature import public_key_of
from fraud.registry.active_versions import ActiveVersions, change_active, read_active
from fraud.registry.approval import Asked, decided
from fraud.registry.model_registry import ModelRegistry
from tests.fraud.scoring.made_models import retrained
from tests.support.memory_versions import MemoryVersions
from txn_cli.stack.firstmodel import WHO, choose_model
from txn_cli.stack.narrator import Narrator
from txn_cli.status.wanted_model import WantedModel
from txn_core.transactions.instants import now

SHIPPED = str(json.loads(shipped_files()[MANIFEST])["id"])
FORMER_KEY = b"8" * 32


async def chosen_by(who: str) -> tuple[MemoryVersions, str]:
    """A registry where somebody has chosen a model of a former release; and that model."""
    registry, (former, files) = MemoryVersions("lake"), retrained(FORMER_KEY)
    await ModelRegistry(registry).put(former, files)

    def choose(active: ActiveVersions) -> ActiveVersions:
        asked = Asked.of("activate", who=who, at=now(), alone=True)
        return decided(active, asked, active.wanted.model_copy(update={"champion": former}))

    await change_active(registry, choose)
    return registry, former


async def champion(registry: MemoryVersions) -> str | None:
    return (await read_active(registry)).wanted.champion


async def test_the_model_of_a_former_release_scores_on(capsys: pytest.CaptureFixture[str]) -> None:
    registry, former = await chosen_by(WHO)
    keys = (*SHIPPED_KEYS, public_key_of(FORMER_KEY))
    await choose_model(registry, keys, Narrator())
    assert await champion(registry) == former
    wanted = WantedModel(registry, keys)
    assert await wanted.refused() is None
    calls = registry.life.calls
    assert await wanted.refused() is None
    assert registry.life.calls == calls + 1, "a model that was taken once is not loaded again"
    assert capsys.readouterr().err == ""


async def test_where_nobody_else_has_chosen_a_refused_model_gives_way_to_the_shipped_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    registry, former = await chosen_by(WHO)
    await choose_model(registry, SHIPPED_KEYS, Narrator())
    assert await champion(registry) == SHIPPED
    assert f"{former} is refused" in "".join(capsys.readouterr())


async def test_a_refused_model_that_somebody_has_chosen_stays_and_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    registry, former = await chosen_by("ann")
    await choose_model(registry, SHIPPED_KEYS, Narrator())
    assert await champion(registry) == former
    said = " ".join("".join(capsys.readouterr()).split())
    assert former in said
    assert "txn models activate shipped" in said
    refused = await WantedModel(registry, SHIPPED_KEYS).refused()
    assert refused is not None
    assert (refused.model, "signed by no key" in refused.line) == (former, True)


async def test_a_registry_that_tells_nothing_refuses_nothing() -> None:
    registry, _ = await chosen_by("ann")
    await registry.put("registry/active.json", b"garbage")
    assert await WantedModel(registry, SHIPPED_KEYS).refused() is None
