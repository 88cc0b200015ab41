"""Counts of some alerts, such as those of one rule: what became of them, and what they were about."""

from array import array
from collections import Counter
from statistics import median
from typing import Any

from fraud.quality.judged_alert import OUTCOMES, JudgedAlert, Outcome
from txn_core.figures.proportion import proportion


class AlertTally:
    """Counts alerts. Those without a label are counted apart: nobody knows whether they are legitimate."""

    def __init__(self) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self._amounts: Counter[str] = Counter()
        self._fraud_amounts: Counter[str] = Counter()
        self._decided_after_s = array("L")

    @property
    def alerts(self) -> int:
        """How many alerts were counted."""
        return self.outcomes.total()

    @property
    def decided(self) -> int:
        """How many of them have a label."""
        return self.outcomes["fraud"] + self.outcomes["legitimate"]

    def add(self, alert: JudgedAlert) -> None:
        """Count an alert."""
        self.outcomes[alert.outcome] += 1
        self._amounts[alert.currency] += alert.amount_minor
        if alert.outcome == "fraud":
            self._fraud_amounts[alert.currency] += alert.amount_minor
        if alert.decided_after_s is not None:
            self._decided_after_s.append(alert.decided_after_s)

    def document(self) -> dict[str, Any]:
        """The counts as JSON has them; amounts in minor units, of each currency by itself."""
        return {
            "alerts": self.alerts,
            **{outcome: self.outcomes[outcome] for outcome in OUTCOMES},
            "precision": share_of(self.outcomes["fraud"], self.decided),
            "amounts": [
                {"currency": currency, "amount_minor": amount, "fraud_amount_minor": self._fraud_amounts[currency]}
                for currency, amount in sorted(self._amounts.items())
            ],
            "decided_by_analysts": len(self._decided_after_s),
            "median_decision_s": int(median(self._decided_after_s)) if self._decided_after_s else None,
        }


def share_of(hits: int, of: int) -> dict[str, Any] | None:
    """A proportion as JSON has it, with its counts; None of nothing."""
    found = proportion(hits, of)
    if found is None:
        return None
    return {"count": hits, "of": of, **{name: round(value, 4) for name, value in found._asdict().items()}}
