"""The registry holds models that pass every check, and one object says which of them is wanted."""

import asyncio

import pytest

pytest.importorskip("lightgbm", reason="the extra `train`")

from fraud.model.loading import BYTES_MAX, MANIFEST, TREES
from fraud.model.model_errors import ModelError
from fraud.model.signature import public_key_of
from fraud.registry.active_versions import ACTIVE_KEY, HISTORY_MAX, ActiveVersions, Wanted, change_active, read_active
from fraud.registry.approval import Asked, decided
from fraud.registry.model_registry import MODELS_PREFIX, ModelRegistry
from tests.builders import issued_card_number
from tests.fraud.training.made_rows import KEY, trained
from tests.support.memory_versions import DeadError, Life, MemoryVersions
from txn_core.transactions.instants import Instant

AT = Instant("2026-01-02T03:04:05.000000Z")
IDS = [f"mdl_{number:032x}" for number in range(40)]
KEYS = (public_key_of(KEY),)


def wanted(number: int) -> Wanted:
    return Wanted(champion=IDS[number])


def asked(who: str, *, alone: bool = False, action: str = "activate") -> Asked:
    return Asked.of(action, who=who, at=AT, alone=alone)


async def test_an_object_of_wanted_versions_that_is_too_large_is_refused() -> None:
    objects = MemoryVersions("lake")
    await objects.put(ACTIVE_KEY, b" " * (1 << 20) + b"{}")
    with pytest.raises(ModelError, match="larger than"):
        await read_active(objects)
    with pytest.raises(ModelError, match="larger than"):
        await change_active(objects, lambda active: active)


def test_a_challenger_is_another_model_than_the_champion() -> None:
    beside = wanted(1).with_model("challenger", IDS[2])
    assert beside == Wanted(champion=IDS[1], challenger=IDS[2])
    assert beside.with_model("champion", IDS[2]) == wanted(2), "or it would be scored twice and compared with itself"
    with pytest.raises(ModelError, match="decides"):
        wanted(1).with_model("challenger", IDS[1])


async def test_a_model_that_was_put_is_listed_and_loaded() -> None:
    registry = ModelRegistry(MemoryVersions("lake"))
    await registry.put(trained().model_id, trained().files)
    assert await registry.ids() == [trained().model_id]
    assert (await registry.load(trained().model_id, KEYS)).id == trained().model_id


async def test_models_that_are_not_there_too_large_changed_or_under_another_id_are_refused() -> None:
    objects = MemoryVersions("lake")
    registry = ModelRegistry(objects)
    with pytest.raises(ModelError, match="there is no model"):
        await registry.load(IDS[1], KEYS)
    for text in ("", "../../secrets", "mdl_x", IDS[0] + "\n"):
        with pytest.raises(ModelError, match="no model's id"):
            await registry.load(text, KEYS)
    await registry.put(IDS[1], trained().files)
    with pytest.raises(ModelError, match="holds another model"):
        await registry.load(IDS[1], KEYS)
    await objects.put(f"{MODELS_PREFIX}{IDS[1]}/{TREES}", bytes(BYTES_MAX[TREES] + 1))
    with pytest.raises(ModelError, match="larger than"):
        await registry.load(IDS[1], KEYS)


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("ends_at", [1, 2, 3])
async def test_half_a_model_is_none_and_is_completed_by_putting_it_again(ends_at: int, behind: bool) -> None:  # noqa: FBT001
    bucket = MemoryVersions("lake")
    with pytest.raises(DeadError):
        await ModelRegistry(bucket.lived_by(Life(ends_at, behind))).put(trained().model_id, trained().files)
    if f"{MODELS_PREFIX}{trained().model_id}/{MANIFEST}" not in bucket.objects:
        with pytest.raises(ModelError, match=r"lacks|no model"):
            await ModelRegistry(bucket).load(trained().model_id, KEYS)
    await ModelRegistry(bucket).put(trained().model_id, trained().files)
    assert (await ModelRegistry(bucket).load(trained().model_id, KEYS)).id == trained().model_id


async def test_of_many_changes_at_once_none_is_lost() -> None:
    objects = MemoryVersions("lake")

    async def want(number: int) -> None:
        await change_active(objects, lambda active: decided(active, asked("ann", alone=True), wanted(number)))

    await asyncio.gather(*map(want, range(8)))
    after = await read_active(objects)
    assert {change.wanted.champion for change in after.history} == set(IDS[:8])
    assert after.wanted == after.history[-1].wanted


def test_two_persons_have_to_ask_for_the_same() -> None:
    active = decided(ActiveVersions(), asked("ann"), wanted(1))
    assert (active.wanted.champion, active.proposal is not None) == (None, True)
    assert decided(active, asked("ann"), wanted(1)) == active
    other = decided(active, asked("bob"), wanted(2))
    assert (other.wanted.champion, other.proposal and other.proposal.who) == (None, "bob")
    done = decided(active, asked("bob"), wanted(1))
    assert (done.wanted, done.proposal) == (wanted(1), None)
    assert (done.history[-1].who, done.history[-1].approver) == ("ann", "bob")


def test_a_rollback_goes_to_the_champion_before_and_keeps_the_present_rules() -> None:
    active = ActiveVersions()
    with pytest.raises(ModelError, match="no earlier model"):
        active.before()
    for number in (1, 2):
        active = decided(active, asked("ann", alone=True), wanted(number))
    rules = active.wanted.model_copy(update={"rules": "7"})
    active = decided(active, asked("ann", alone=True, action="rules"), rules)
    assert active.before() == Wanted(champion=IDS[1], rules="7")


def test_the_history_is_bounded() -> None:
    active = ActiveVersions()
    for number in range(HISTORY_MAX + 5):
        active = decided(active, asked("ann", alone=True), wanted(number % 40))
    assert len(active.history) == HISTORY_MAX
    assert active.history[-1].wanted == active.wanted


def test_a_name_that_is_none_is_refused() -> None:
    for who in ("", "a b", "x" * 65, "4111\n"):
        with pytest.raises(ModelError, match="a person is named"):
            decided(ActiveVersions(), asked(who, alone=True), wanted(1))


def test_a_name_that_is_a_card_number_is_refused() -> None:
    with pytest.raises(ModelError, match="holds a card number") as refused:
        decided(ActiveVersions(), asked(issued_card_number(), alone=True), wanted(1))
    assert issued_card_number() not in str(refused.value)


@pytest.mark.parametrize("body", [b"", b"{}x", b'{"format":2}', b"[" * 100_000, b'{"wanted":{"champion":"../x"}}'])
async def test_an_object_that_is_none_of_ours_is_refused_and_left_alone(body: bytes) -> None:
    objects = MemoryVersions("lake")
    await objects.put(ACTIVE_KEY, body)
    with pytest.raises(ModelError, match="is not what this version writes"):
        await change_active(objects, lambda active: active)
    assert objects.objects[ACTIVE_KEY].body == body
