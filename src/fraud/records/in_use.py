"""What scores now, as the scorer notes it for reviewers: the rules in words, and from which score on a model alerts.

The conditions of rules, their lists and their owners stay in the registry: they may name what other accounts may not
see.
"""

from dataclasses import dataclass
from typing import Final, Literal

RULES_PART: Final = "rules"
MODEL_PART: Final = "model"
ABOUT_CHARS_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInUse:
    """A rule of the set that is wanted now.

    Attributes:
        about: what the rule is for, in the words of who wrote it; empty where nothing was written.
        expires_at: transactions that arrive from then on are not hit.
        is_disabled: whether it was taken out since it failed on every transaction.
    """

    id: str
    about: str
    action: Literal["alert", "review", "note"]
    mode: Literal["shadow", "live"]
    expires_at: str
    is_disabled: bool

    def raises_alerts_at(self, at: str) -> bool:
        """Whether a transaction that the rule hits at a moment is an alert, whatever a model says."""
        is_live = self.mode == "live" and not self.is_disabled and at < self.expires_at
        return is_live and self.action == "alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionsInUse:
    """The versions that are wanted now; None where none is, or it is refused and there was none before."""

    noted_at: str
    model: str | None
    rules_version: str | None
    rules: tuple[RuleInUse, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInUse:
    """A model that scores or has scored: from which calibrated score on, 0 to 999, it alerts."""

    model: str
    alert_from: int
