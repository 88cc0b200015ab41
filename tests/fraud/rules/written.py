"""Makes rules for tests: defaults that a test changes."""

from collections.abc import Sequence
from typing import Any

from fraud.rules.rule import Rule, Rules
from fraud.rules.rule_set import RuleSet

EXPIRES = "2030-01-01T00:00:00.000000Z"
RULES_FILE = """
[[rule]]
id = "large"
when = "amount > 20000 && count_24h >= 0"
action = "alert"
mode = "live"
owner = "ann"
expires = 2030-01-01
"""
LISTS = {"blocked_merchants": ["mer_" + "b" * 32]}


def rule(when: str = "amount > 50000", **changes: Any) -> Rule:
    """A live rule of ann's that alerts."""
    values = {"id": "large", "action": "alert", "mode": "live", "owner": "ann", "expires_at": EXPIRES, **changes}
    return Rule(when=when, **values)


def rules(*conditions: str, **changes: Any) -> Rules:
    """A set of rules r0, r1 and so on, with a list."""
    return Rules(
        rules=[rule(when, id=f"r{number}", **changes) for number, when in enumerate(conditions)], lists=LISTS
    )


def rule_set(*conditions: str, **changes: Any) -> RuleSet:
    """The same, compiled."""
    return RuleSet.of(rules(*conditions, **changes))


def ids(hits: Sequence[Any]) -> list[str]:
    """The ids of rules that hit."""
    return [hit.rule_id for hit in hits]
