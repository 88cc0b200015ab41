"""A model over transactions whose labels are known, one by one, as the scorer has them."""

from collections import Counter
from typing import Final

from fraud.evaluation.intervals import Estimates, estimates
from fraud.evaluation.ranking import Judged
from fraud.history.card_history import CardHistory
from fraud.model.model import Model, Scored
from fraud.observations.observation import Observation
from fraud.observations.reference_amount import reference_amount

_DAY_S: Final = 86_400


class Backtest:
    """One model's scores, and how much of the frauds' amounts it alerted."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._histories: dict[str, CardHistory] = {}
        self._judged: list[Judged] = []
        self._decisions: Counter[str] = Counter()
        self.fraud_minor = 0
        self.caught_minor = 0
        """Amounts of frauds, and of those that were alerted, in hundredths of a US dollar."""

    def fill(self, observation: Observation) -> None:
        """Enter a transaction from before those that are judged into its card's history."""
        self._scored(observation)

    def add(self, observation: Observation, *, is_fraud: bool) -> Judged | None:
        """Score the next transaction of the stream; one whose id its card had before is left out."""
        if (scored := self._scored(observation)) is None:
            return None
        amount = reference_amount(observation.amount_minor, observation.currency) or 0
        decision = self.model.decide(scored.raw_millilogit)
        self._decisions[decision] += 1
        if is_fraud:
            self.fraud_minor += amount
            self.caught_minor += amount if decision == "alert" else 0
        day = observation.occurred_at_s // _DAY_S
        judged = Judged(_card(observation), day, scored.raw_millilogit, is_fraud, amount)
        self._judged.append(judged)
        return judged

    def _scored(self, observation: Observation) -> Scored | None:
        history = self._histories.setdefault(_card(observation), CardHistory.empty())
        if history.knows(observation.transaction_id):
            return None
        scored = self.model.score(observation, history)
        history.with_(observation, {self.model.id: scored.stage1_millilogit})
        return scored

    @property
    def alerts(self) -> int:
        """How many transactions were alerts."""
        return self._decisions["alert"]

    def alerts_a_day(self) -> float:
        """How many alerts a day with transactions had."""
        return self.alerts / max(1, len({each.day for each in self._judged}))

    def estimates(self) -> Estimates:
        """The measures with intervals."""
        return estimates(self._judged)

    def document(self) -> dict[str, object]:
        """What was found, as JSON has it: the same for the same rows and model, on any machine."""
        return {
            **self.estimates().document(),
            "alerts": self.alerts,
            "reviews": self._decisions["review"],
            "alerts_a_day": round(self.alerts_a_day(), 3),
            "fraud_amount_minor": self.fraud_minor,
            "caught_amount_minor": self.caught_minor,
        }


def _card(observation: Observation) -> str:
    return f"{observation.account}#{observation.card_id}"
