"""An alert with what became of it, as far as is known now."""

from typing import Any, Final, Literal, NamedTuple, get_args

from fraud.records.in_use import ModelInUse
from txn_core.transactions.instants import Instant, datetime_of

Outcome = Literal["fraud", "legitimate", "inconclusive", "open"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


class JudgedAlert(NamedTuple):
    """What counts of an alert.

    Attributes:
        outcome: the value of the label that counts; without one, whether the alert's case was closed as inconclusive.
        decided_after_s: seconds from the alert to the first label of an analyst; None where there is none.
    """

    score: int
    model: str | None
    rule_hits: tuple[str, ...]
    currency: str
    amount_minor: int
    alerted_at: Instant
    outcome: Outcome
    decided_after_s: int | None

    def is_of_rules_alone(self, models: dict[str, ModelInUse]) -> bool | None:
        """Whether no model would have raised the alert; None where the model's threshold is not known.

        An alert that no rule hit was raised by its model.
        """
        if self.model is None:
            return True
        if not self.rule_hits:
            return False
        known = models.get(self.model)
        return None if known is None else self.score < known.alert_from


def judged(alert: dict[str, Any], labels: dict[str, Any] | None, case: dict[str, Any] | None) -> JudgedAlert:
    """An alert as the documents have it: its own, all labels of its transaction, and the summary of its case.

    The last label counts, as `fraud.records.label` puts them in order.
    """
    is_inconclusive = case is not None and case["status"] == "closed" and case["resolution"] == "inconclusive"
    undecided: Outcome = "inconclusive" if is_inconclusive else "open"
    history = [] if labels is None else labels["history"]
    outcome: Outcome = history[-1]["value"] if history else undecided
    by_analysts = [label["labelled_at"] for label in history if label["source"] == "analyst"]
    alerted_at = Instant(alert["alerted_at"])
    return JudgedAlert(
        score=alert["score"],
        model=alert["model"],
        rule_hits=tuple(alert["rule_hits"]),
        currency=alert["currency"],
        amount_minor=alert["amount_minor"],
        alerted_at=alerted_at,
        outcome=outcome,
        decided_after_s=_seconds(alerted_at, Instant(by_analysts[0])) if by_analysts else None,
    )


def _seconds(start: Instant, end: Instant) -> int:
    return max(0, int((datetime_of(end) - datetime_of(start)).total_seconds()))
