"""What a model does on rows that it was not grown on: seen cards, unseen cards, the mixture, shifted rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from fraud.evaluation.intervals import Estimates, estimates
from fraud.evaluation.ranking import Judged
from fraud.history.card_history import HORIZON_S
from fraud.observations.observation import Observation
from fraud.training.labelled import DAY_S, Cards, Labelled, mixed, with_fraud
from fraud.training.matrices import LearningRows
from fraud.training.plan import Plan
from fraud.training.two_stages import TwoStages, folds_of

_HOUR_US: Final = 3_600 * 1_000_000
_OTHERS_OF_SHIFTED: Final = 12
"""Of the cards without fraud every twelfth one is shifted, from as long before the rows that judge as a history goes
back. Shifted rows are a warning, not a measure."""


def report(
    stages: TwoStages, folds: Sequence[TwoStages], rows: LearningRows, cards: Cards, *, plan: Plan, seed: int
) -> dict[str, Estimates]:
    """The estimates by kind of rows, on the part that judges.

    `rows` are those of all cards, unchanged. Unseen cards are scored by stages that were grown without them.
    """
    judges = judging(rows, plan)
    scores = stages.served(rows, judges)[1]
    unseen = np.zeros(len(scores), dtype=np.int64)
    parts = folds_of(rows.cards, seed)
    for fold, without in enumerate(folds):
        inside = parts == fold
        unseen[inside[judges]] = without.served(rows, judges & inside)[1]
    found = {"seen": judged(rows, scores, judges), "unseen": judged(rows, unseen, judges)}
    fraudulent = with_fraud(cards)
    known = set(fraudulent)
    others = np.array([card not in known for card in rows.cards], dtype=bool)
    among = LearningRows.of({card: mixed(card, cards[card], seed) for card in fraudulent})
    found["mixture"] = [
        *judged(rows, scores[others[judges]], judges & others),
        *_judged_of(stages, among, plan),
    ]
    some = {card: each for place, (card, each) in enumerate(sorted(cards.items())) if place % _OTHERS_OF_SHIFTED == 0}
    some |= {card: cards[card] for card in fraudulent}
    since_s = plan.test - HORIZON_S
    for name, shift in SHIFTS.items():
        shifted = {card: _shifted([row for row in each if row.at_s >= since_s], shift) for card, each in some.items()}
        found[name] = _judged_of(stages, LearningRows.of(shifted), plan)
    return {kind: estimates(each, seed=seed) for kind, each in found.items()}


def judging(rows: LearningRows, plan: Plan) -> Any:
    """Which of the rows judge, as a mask."""
    return (rows.at_s >= plan.test) & (rows.at_s < plan.end)


def judged(rows: LearningRows, scores: Any, part: Any) -> list[Judged]:
    """The transactions of a part of the rows with their scores, which are those of the part alone."""
    return [
        Judged(card, int(at_s) // DAY_S, int(score), bool(label))
        for card, at_s, score, label in zip(rows.cards[part], rows.at_s[part], scores, rows.labels[part], strict=True)
    ]


def _judged_of(stages: TwoStages, rows: LearningRows, plan: Plan) -> list[Judged]:
    judges = judging(rows, plan)
    return judged(rows, stages.served(rows, judges)[1], judges)


def _shifted(rows: Sequence[Labelled], shift: Callable[[Labelled], Observation]) -> list[Labelled]:
    moved = [Labelled(shift(row), row.is_fraud) for row in rows]
    return sorted(moved, key=lambda row: row.observation.occurred_at_us)


def _at_any_hour(row: Labelled) -> Observation:
    """A fraud at another second of its day, which its id alone decides; others stay."""
    if not row.is_fraud:
        return row.observation
    day_us = DAY_S * 1_000_000
    second = int.from_bytes(row.observation.transaction_id.encode()[-8:], "big") % DAY_S
    return replace(
        row.observation,
        occurred_at_us=row.observation.occurred_at_us // day_us * day_us + second * 1_000_000,
    )


SHIFTS: Final[Mapping[str, Callable[[Labelled], Observation]]] = {
    "clock_plus_3h": lambda row: replace(
        row.observation, occurred_at_us=row.observation.occurred_at_us + 3 * _HOUR_US
    ),
    "amounts_times_0_6": lambda row: replace(row.observation, amount_minor=row.observation.amount_minor * 3 // 5),
    "fraud_at_any_hour": _at_any_hour,
}
