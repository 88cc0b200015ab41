"""Rules in the lake's bucket, `registry/rules/<version>.json`. An object never changes: its name is its content's."""

import re
from typing import Final

from fraud.model.model_errors import ModelError
from fraud.registry.active_versions import ActiveVersions, change_active, read_active
from fraud.registry.approval import Asked, decided
from fraud.rules.four_eyes import refuse_owner
from fraud.rules.rule import BYTES_MAX, VERSION_PATTERN, Rules, read_rules
from fraud.rules.rule_error import RuleError
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.transactions.instants import Instant

RULES_PREFIX: Final = "registry/rules/"
_ATTEMPTS_MAX: Final = 20
WATCH: Final = "scorer"
"""The name under which rules are disabled that fail all the time."""


class RuleRegistry:
    """The versions of rules in one bucket, and which of them is wanted."""

    def __init__(self, objects: VersionedObjects) -> None:
        self._objects = objects

    async def put(self, rules: Rules) -> str:
        """Store a set and give its version. What is there already is the same."""
        await self._objects.put(_key(rules.version), rules.bytes)
        return rules.version

    async def load(self, version: str) -> Rules:
        """The set of a version.

        Raises:
            RuleError: there is none, or what is there is another one.
        """
        key = _key(version)
        found = await self._objects.find(key)
        if found is None:
            raise RuleError(f"there are no rules {version}: `txn rules list` shows those that are")
        if found.size > BYTES_MAX:
            raise RuleError(f"{version} is larger than {BYTES_MAX:,} bytes")
        loaded = await self._objects.load(key)
        if loaded is None or (rules := read_rules(loaded.body)).version != version:
            raise RuleError(f"{version} holds other rules")
        return rules

    async def versions(self) -> list[str]:
        """The versions that are there, in order of their names."""
        keys = [entry.key async for entry in self._objects.listed(RULES_PREFIX)]
        names = [key.removeprefix(RULES_PREFIX).removesuffix(".json") for key in keys]
        return [name for name in names if re.fullmatch(VERSION_PATTERN, name)]

    async def active(self) -> Rules | None:
        """The set that is wanted; None where none is.

        Raises:
            RuleError: it is not there.
        """
        version = (await read_active(self._objects)).wanted.rules
        return None if version is None else await self.load(version)

    async def activate(self, rules: Rules, asked: Asked) -> ActiveVersions:
        """Ask for a set to be active. What gives the last word owns no rule of it that changes.

        Raises:
            RuleError: the person who asks last owns one, or what is wanted cannot be changed.
        """
        await self.put(rules)
        for _ in range(_ATTEMPTS_MAX):
            try:
                return await self._activated(rules, asked)
            except _ChangedMeanwhileError:
                continue
            except ModelError as error:
                raise RuleError(str(error)) from None
        raise RuleError("others change the rules all the time: try again")

    async def _activated(self, rules: Rules, asked: Asked) -> ActiveVersions:
        before = (await read_active(self._objects)).wanted.rules
        active = await self._known(before)
        version = rules.version

        def approved(now: ActiveVersions) -> ActiveVersions:
            if now.wanted.rules != before:
                raise _ChangedMeanwhileError
            after = decided(now, asked, now.wanted.model_copy(update={"rules": version}))
            if after.wanted != now.wanted:
                refuse_owner(asked.who, rules, active)
            return after

        return await change_active(self._objects, approved)

    async def _known(self, version: str | None) -> Rules | None:
        """The set of a version; none where it cannot be read, and then all rules count as new."""
        try:
            return None if version is None else await self.load(version)
        except RuleError:
            return None

    async def disable(self, version: str, failing: frozenset[str], at: Instant) -> str | None:
        """Want the set without rules that fail all the time; gives its version, or None when another one is wanted.

        A set with fewer rules needs nobody's approval.
        """
        rules = (await self.load(version)).without(failing)
        without = await self.put(rules)
        asked = Asked.of("rules", who=WATCH, at=at, alone=True)
        after = await change_active(
            self._objects,
            lambda now: (
                decided(now, asked, now.wanted.model_copy(update={"rules": without}))
                if now.wanted.rules == version
                else now
            ),
        )
        return without if after.wanted.rules == without else None


class _ChangedMeanwhileError(Exception):
    """Other rules are wanted than those that the change was held against."""


def _key(version: str) -> str:
    if not re.fullmatch(VERSION_PATTERN, version):
        raise RuleError("that is no version of rules: `txn rules list` shows them")
    return f"{RULES_PREFIX}{version}.json"
