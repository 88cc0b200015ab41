"""What another threshold of the model would mean: alerts a day, precision, and the part of known frauds that is kept.

The rules of today go on raising their alerts, whatever the threshold is. From the highest threshold of the models in
the window on, every alert that would be raised has been raised, so what became of them is known. Below it only the
number is known, from the counts of all scores.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from fraud.quality.alert_tally import share_of
from fraud.quality.judged_alert import JudgedAlert, Outcome
from fraud.records.score_counts import SCORE_STEP, STEPS

SCORES: Final = range(SCORE_STEP, SCORE_STEP * STEPS, SCORE_STEP)
_Counts = dict[int, Counter[Outcome]]


@dataclass(frozen=True, slots=True)
class ScoredDays:
    """Counts of all scores: how many had a score from `SCORE_STEP * place` on, below the next, in so many days."""

    by_score: tuple[int, ...]
    days: float

    def a_day_from(self, score: int) -> float:
        """How many transactions a day had a score or a higher one; the score is one of `SCORES`."""
        return sum(self.by_score[score // SCORE_STEP :]) / self.days


@dataclass(slots=True)
class Thresholds:
    """Counts alerts by their scores: those that today's rules raise anyway, and the others."""

    by_rules: _Counts = field(default_factory=dict)
    by_model: _Counts = field(default_factory=dict)

    def add(self, alert: JudgedAlert, *, stays: bool) -> None:
        """Count an alert; `stays` says whether today's rules would raise it whatever the threshold is."""
        counts = self.by_rules if stays else self.by_model
        counts.setdefault(alert.score, Counter())[alert.outcome] += 1

    def points(
        self, *, active: int | None, known_from: int, days: float, scored: ScoredDays | None
    ) -> list[dict[str, Any]]:
        """What each threshold means, the lowest first; the one that is active is among them.

        Args:
            active: the score from which on the model alerts now, if it is known.
            known_from: the lowest threshold whose alerts have all been raised.
            days: in which the alerts were raised.
            scored: the counts of all scores; None where there are none.
        """
        stay = sum(self.by_rules.values(), Counter[Outcome]())
        frauds = stay["fraud"] + sum(counts["fraud"] for counts in self.by_model.values())
        found: list[dict[str, Any]] = []
        for score in sorted({*SCORES, *([] if active is None else [active])}, reverse=True):
            if score >= known_from:
                kept = sum((self.by_model[each] for each in self.by_model if each >= score), stay)
                found.append(_known(score, kept, frauds, days, is_active=score == active))
            elif scored is not None and score in SCORES:
                below = sum(counts.total() for each, counts in self.by_rules.items() if each < score)
                a_day = scored.a_day_from(score) + below / days
                # Not fewer than above: the days that are counted may have been quieter ones.
                least = found[-1]["alerts_a_day"] if found else 0.0
                found.append(_point(score, max(a_day, least), is_active=score == active))
        return found[::-1]


def _known(score: int, kept: "Counter[Outcome]", frauds: int, days: float, *, is_active: bool) -> dict[str, Any]:
    decided = kept["fraud"] + kept["legitimate"]
    return _point(score, kept.total() / days, is_active=is_active) | {
        "alerts": kept.total(),
        "precision": share_of(kept["fraud"], decided),
        "recall": share_of(kept["fraud"], frauds),
    }


def _point(score: int, a_day: float, *, is_active: bool) -> dict[str, Any]:
    return {
        "score": score,
        "is_active": is_active,
        "alerts_a_day": round(a_day, 2),
        "alerts": None,
        "precision": None,
        "recall": None,
    }
