"""Rules are stored under their content, become active by four eyes, and are disabled when they fail all the time."""

import asyncio

import pytest

from fraud.registry.active_versions import read_active
from fraud.registry.approval import Asked
from fraud.rules.rule import Rules
from fraud.rules.rule_error import RuleError
from fraud.rules.rule_health import IN_A_ROW_MAX, RuleHealth
from fraud.rules.rule_registry import RULES_PREFIX, WATCH, RuleRegistry
from fraud.rules.rule_set import RuleSet
from tests.fraud.rules.written import LISTS, rules
from tests.support.memory_versions import MemoryVersions
from txn_core.transactions.instants import Instant

AT = Instant("2026-01-02T03:04:05.000000Z")


def asked(who: str, *, alone: bool = False) -> Asked:
    return Asked.of("rules", who=who, at=AT, alone=alone)


async def wanted(objects: MemoryVersions) -> str | None:
    return (await read_active(objects)).wanted.rules


async def test_rules_are_active_once_a_second_person_asks_who_owns_none_of_them() -> None:
    objects = MemoryVersions("lake")
    registry, made = RuleRegistry(objects), rules("amount > 1")
    assert (await registry.activate(made, asked("ann"))).proposal is not None
    assert (await registry.activate(made, asked("ann"))).wanted.rules is None
    after = await registry.activate(made, asked("bob"))
    assert (after.wanted.rules, after.history[-1].approver, after.proposal) == (made.version, "bob", None)
    assert await registry.active() == made


@pytest.mark.parametrize("alone", [False, True])
async def test_the_owner_of_a_rule_that_changes_does_not_approve_it(alone: bool) -> None:  # noqa: FBT001
    objects = MemoryVersions("lake")
    registry = RuleRegistry(objects)
    if not alone:
        await registry.activate(rules("amount > 1"), asked("bob"))
    with pytest.raises(RuleError, match="ann owns r0"):
        await registry.activate(rules("amount > 1"), asked("ann", alone=alone))
    with pytest.raises(RuleError, match="owns r0"):
        await registry.activate(rules("amount > 1"), asked("ANN", alone=True))
    assert await wanted(objects) is None


async def test_rules_and_lists_that_did_not_change_ask_for_nobody() -> None:
    registry = RuleRegistry(MemoryVersions("lake"))
    in_list, other = "in_list('blocked_merchants', job)", "amount > 1"
    await registry.activate(rules(in_list, other), asked("bob", alone=True))
    await registry.activate(rules(in_list, other), asked("ann", alone=True))
    fewer = Rules(rules=rules(in_list, other).rules[1:], lists=LISTS)
    with pytest.raises(RuleError, match="owns r0"):
        await registry.activate(
            Rules(rules=rules(in_list, other).rules, lists={"blocked_merchants": []}), asked("ann", alone=True)
        )
    assert (await registry.activate(fewer, asked("ann", alone=True))).wanted.rules == fewer.version


async def test_of_two_at_once_each_is_held_against_what_the_other_left() -> None:
    objects = MemoryVersions("lake")
    registry = RuleRegistry(objects)
    await registry.activate(rules("amount > 1"), asked("bob", alone=True))
    sets = [rules("amount > 1", f"amount > {number}") for number in range(2, 8)]
    await asyncio.gather(*(registry.activate(made, asked("bob", alone=True)) for made in sets))
    changes = (await read_active(objects)).history
    assert {change.wanted.rules for change in changes} == {rules("amount > 1").version, *(s.version for s in sets)}


async def test_what_is_stored_is_listed_and_other_bytes_under_its_name_are_refused() -> None:
    objects = MemoryVersions("lake")
    registry, made, other = RuleRegistry(objects), rules("amount > 1"), rules("amount > 2")
    await registry.put(made)
    await objects.put(f"{RULES_PREFIX}notes.txt", b"")
    assert await registry.versions() == [made.version]
    await objects.put(f"{RULES_PREFIX}{made.version}.json", other.bytes)
    with pytest.raises(RuleError, match="holds other rules"):
        await registry.load(made.version)
    await objects.put(f"{RULES_PREFIX}{made.version}.json", bytes(4_000_001))
    with pytest.raises(RuleError, match="larger"):
        await registry.load(made.version)
    for version in (other.version, "../active", "rul_x", ""):
        with pytest.raises(RuleError, match="txn rules list"):
            await registry.load(version)


async def test_a_rule_that_fails_a_hundred_times_in_a_row_is_disabled_by_another_version() -> None:
    objects = MemoryVersions("lake")
    registry, made = RuleRegistry(objects), rules("1 / count_1h > 0", "amount > 1", "1 / count_24h > 0")
    await registry.activate(made, asked("bob", alone=True))
    asked_of, health = RuleSet.of(made), RuleHealth()
    failing = frozenset[str]()
    for number in range(IN_A_ROW_MAX):
        assert not failing
        values = {"count_1h": 0, "count_24h": number % 50, "amount": 2}
        failing = health.note(asked_of.evaluate(values).errors)
    assert failing == {"r0"}
    assert health.failures == {"r0": IN_A_ROW_MAX, "r2": 2}
    versions = await asyncio.gather(*(registry.disable(made.version, failing, AT) for _ in range(3)))
    assert set(versions) == {await wanted(objects)} != {made.version}
    assert (await read_active(objects)).history[-1].who == WATCH
    assert [rule.id for rule in (await registry.load(versions[0] or "")).rules if rule.is_disabled] == ["r0"]
    assert await registry.disable(made.version, frozenset({"r1"}), AT) is None
    with pytest.raises(RuleError, match="owns r0"):
        await registry.activate(made, asked("ann", alone=True))
