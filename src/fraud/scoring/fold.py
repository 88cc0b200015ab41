"""The score of one record: a function of its card's history, of the record, and of the versions, and of nothing else.

Nothing that a model or a rule does stops a drain: a model that fails leaves the rules, a rule that fails is no hit.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from fraud.features.catalogue import features_of
from fraud.history.card_history import CardHistory
from fraud.model.model import Model, Scored
from fraud.model.trees import Value
from fraud.observations.observation import Observation
from fraud.records.score_row import Decision, Fallback
from fraud.rules.rule_set import Outcome, RuleSet, decision_of
from fraud.rules.variables import rule_values
from fraud.scoring.verdict import Verdict
from fraud.scoring.versions import Versions
from txn_core.transactions.instants import Instant

_BY_STRENGTH: Final[tuple[Decision, ...]] = ("pass", "review", "alert")
_NOTHING_HITS: Final = Outcome((), ())


class _Said(NamedTuple):
    """What the models say; without a champion's score the fallback says why there is none."""

    champion: Scored | None = None
    challenger: Scored | None = None
    features: tuple[Value, ...] = ()
    fallback: Fallback | None = None
    errors: tuple[str, ...] = ()


def scored(
    observation: Observation, history: CardHistory | None, versions: Versions, *, arrived_at: Instant
) -> Verdict:
    """Score a record after its card's earlier ones. The history is not changed, and None is one that is not known."""
    said = _Said(fallback="state_unavailable") if history is None else _said(observation, history, versions)
    found = said.champion
    outcome = _outcome(versions.rules, observation, said, arrived_at)
    decision: Decision = decision_of(outcome.hits)
    champion, challenger = versions.champion, versions.challenger
    by_id: dict[str, Scored] = {}
    if champion is not None and found is not None:
        by_id[champion.id] = found
        decision = max(decision, champion.decide(found.raw_millilogit), key=_BY_STRENGTH.index)
    shadow: dict[str, int] = {}
    if challenger is not None and said.challenger is not None:
        by_id[challenger.id] = said.challenger
        shadow[challenger.id] = said.challenger.raw_millilogit
    return Verdict(
        model=champion.id if champion is not None and found is not None else None,
        scored=found,
        stage1={model_id: each.stage1_millilogit for model_id, each in by_id.items()},
        decision=decision,
        rules_version=None if versions.rules is None else versions.rules.version,
        rule_hits=tuple([hit.rule_id for hit in outcome.hits if hit.mode == "live"]),
        shadow_hits=tuple([hit.rule_id for hit in outcome.hits if hit.mode != "live"]),
        rule_errors=outcome.errors,
        fallback=said.fallback,
        shadow=shadow,
        features=said.features,
        model_errors=said.errors,
    )


def _said(observation: Observation, history: CardHistory, versions: Versions) -> _Said:
    champion, challenger = versions.champion, versions.challenger
    errors: list[str] = []
    found = _score(champion, observation, history, errors)
    if challenger is not None and champion is not None and challenger.id == champion.id:
        challenger = None
    beside = _score(challenger, observation, history, errors)
    if found is not None:
        return _Said(found, beside, found.features, None, tuple(errors))
    fallback: Fallback = "model_unavailable" if champion is None else "model_error"
    return _Said(None, beside, tuple(features_of(observation, history)), fallback, tuple(errors))


def _score(model: Model | None, observation: Observation, history: CardHistory, errors: list[str]) -> Scored | None:
    if model is None:
        return None
    try:
        return model.score(observation, history)
    except Exception:  # noqa: BLE001 - whatever a model does, the drain goes on; the caller counts it
        errors.append(model.id)
        return None


def _outcome(rules: RuleSet | None, observation: Observation, said: _Said, arrived_at: Instant) -> Outcome:
    if rules is None:
        return _NOTHING_HITS
    score = None if said.champion is None else said.champion.score
    try:
        return rules.evaluate(rule_values(observation, said.features, score=score, arrived_at=arrived_at))
    except Exception:  # noqa: BLE001 - whatever a rule does, the drain goes on; the caller counts it
        return Outcome((), _enabled(rules))


def _enabled(rules: RuleSet) -> tuple[str, ...]:
    every: Sequence[str] = [rule.id for rule in rules.rules.rules if not rule.is_disabled]
    return tuple(every)
