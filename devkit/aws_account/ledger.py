"""What was asked for while processes ran: which rights were used, and which were refused."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from devkit.aws_account.policies.evaluation import Decision
from devkit.aws_account.policies.policy import Right


class Refusal(NamedTuple):
    """A right that somebody asked for and did not have, with the statement that denies it, if one does."""

    who: str
    action: str
    resource: str
    denied_by: str | None


class Use(NamedTuple):
    """A role, one of its statements, and the pattern of an action in it."""

    role: str
    statement: str
    action: str


@dataclass(slots=True)
class Ledger:
    """Rights that were asked for.

    Attributes:
        used: how often a call was allowed by which action of which statement.
        called: how often which role did what on which resource.
        refused: every refusal, in order.
    """

    used: Counter[Use] = field(default_factory=Counter)
    called: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    refused: list[Refusal] = field(default_factory=list)

    def note(self, who: str, right: Right, decision: Decision) -> None:
        """Note what came of a right that somebody asked for."""
        if decision.allowed:
            self.called[who, right.action, right.resource] += 1
            for grant in decision.grants:
                self.used[Use(who, grant.statement, grant.action)] += 1
        else:
            self.refused.append(Refusal(who, right.action, right.resource, decision.denied_by))
