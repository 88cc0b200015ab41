"""Rules over transactions whose labels are known, before they are active: what each hits, how often it is right."""

from collections import Counter
from typing import Any, Final

from fraud.features.catalogue import features_of
from fraud.history.card_history import CardHistory
from fraud.model.model import Model
from fraud.observations.observation import Observation
from fraud.observations.reference_amount import reference_amount
from fraud.rules.rule_health import RuleHealth
from fraud.rules.rule_set import Outcome, RuleSet, decision_of
from fraud.rules.variables import Value, rule_values

_DAY_S: Final = 86_400


class RuleBacktest:
    """Counts what rules hit. No rule expires meanwhile.

    Args:
        rule_set: the rules.
        model: what the score and the features of the second stage come from; without one they are missing.
    """

    def __init__(self, rule_set: RuleSet, model: Model | None = None) -> None:
        self._rules, self._model = rule_set, model
        self._histories: dict[str, CardHistory] = {}
        self._health = RuleHealth()
        self._disabled: set[str] = set()
        self._hits: Counter[str] = Counter()
        self._frauds: Counter[str] = Counter()
        self._caught_minor: Counter[str] = Counter()
        self._alone: Counter[str] = Counter()
        self._together: Counter[tuple[str, str]] = Counter()
        self._decisions: Counter[str] = Counter()
        self._decided_frauds: Counter[str] = Counter()
        self._days: set[int] = set()
        self.rows = self.frauds = 0

    def fill(self, observation: Observation) -> None:
        """Enter a transaction from before those that are counted into its card's history."""
        self._entered(observation)

    def add(self, observation: Observation, *, is_fraud: bool) -> None:
        """Hold the next transaction of the stream against the rules; one whose id its card had before is left out."""
        if (values := self._entered(observation)) is not None:
            self._count(observation, self._rules.evaluate(values), is_fraud=is_fraud)

    def _entered(self, observation: Observation) -> dict[str, Value] | None:
        """The variables of a transaction, which its card's history then holds; None when it held it before."""
        history = self._histories.setdefault(f"{observation.account}#{observation.card_id}", CardHistory.empty())
        if history.knows(observation.transaction_id):
            return None
        if self._model is None:
            values = rule_values(observation, features_of(observation, history), score=None)
            history.with_(observation, {})
        else:
            scored = self._model.score(observation, history)
            values = rule_values(observation, scored.features, score=scored.score)
            history.with_(observation, {self._model.id: scored.stage1_millilogit})
        return values

    def _count(self, observation: Observation, outcome: Outcome, *, is_fraud: bool) -> None:
        self.rows += 1
        self.frauds += is_fraud
        self._days.add(observation.occurred_at_s // _DAY_S)
        self._disabled |= self._health.note(outcome.errors)
        if not outcome.hits:
            return
        ids = [hit.rule_id for hit in outcome.hits]
        self._hits.update(ids)
        self._together.update((one, other) for one in ids for other in ids if one != other)
        if len(ids) == 1:
            self._alone.update(ids)
        decision = decision_of(outcome.hits)
        self._decisions[decision] += 1
        if is_fraud:
            self._frauds.update(ids)
            self._decided_frauds[decision] += 1
            caught = reference_amount(observation.amount_minor, observation.currency) or 0
            self._caught_minor.update(dict.fromkeys(ids, caught))

    def document(self) -> dict[str, Any]:
        """What was found, as JSON has it: the same for the same rows and rules, on any machine."""
        return {
            "rules_version": self._rules.version,
            "rows": self.rows,
            "frauds": self.frauds,
            "days": len(self._days),
            **{
                f"live_{name}s": self._measures(self._decisions[name], self._decided_frauds[name])
                for name in ("alert", "review")
            },
            "rules": [self._of_rule(rule.id) for rule in self._rules.rules.rules],
        }

    def _of_rule(self, rule_id: str) -> dict[str, Any]:
        others = {
            other: count for (one, other), count in sorted(self._together.items()) if one == rule_id
        }  # in the order of names
        return {
            "rule": rule_id,
            **self._measures(self._hits[rule_id], self._frauds[rule_id]),
            "caught_amount_minor": self._caught_minor[rule_id],
            "hits_alone": self._alone[rule_id],
            "hits_with": others,
            "errors": self._health.failures[rule_id],
            "would_be_disabled": rule_id in self._disabled,
        }

    def _measures(self, hits: int, frauds: int) -> dict[str, Any]:
        return {
            "hits": hits,
            "hits_a_day": round(hits / max(1, len(self._days)), 3),
            "frauds": frauds,
            "precision": round(frauds / hits, 6) if hits else None,
            "recall": round(frauds / self.frauds, 6) if self.frauds else None,
        }
