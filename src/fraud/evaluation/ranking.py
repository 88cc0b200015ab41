"""Measures of a ranking of transactions. Those of one score are one step: no measure depends on their order.

Every measure takes the weights of the cards, by which a bootstrap draws them; without weights each card counts once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from operator import attrgetter, mul
from typing import Final, NamedTuple

Weights = Mapping[str, int]
FPR: Final = Fraction(1, 1_000)
CARDS_A_DAY: Final = 5


class Judged(NamedTuple):
    """One transaction: `score` ranks it (log-odds in thousandths), `day` counts days since 1970-01-01 UTC."""

    card: str
    day: int
    score: int
    is_fraud: bool
    amount_minor: int = 0


class _Step(NamedTuple):
    """The frauds of one score, and the others that have it or stand between it and the fraud above: rows by card."""

    frauds: Mapping[str, int]
    others: Mapping[str, int]

    def weighed(self, weights: Weights) -> tuple[int, int]:
        return _weighed(self.frauds, weights), _weighed(self.others, weights)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Transactions, the highest score first, and of each day its cards by score and its cards with fraud."""

    rows: Sequence[Judged]
    by_score: Sequence[Sequence[tuple[str, bool]]]
    by_truth: Sequence[Sequence[tuple[str, bool]]]
    _steps: Sequence[_Step]

    @classmethod
    def of(cls, judged: Iterable[Judged]) -> "Ranking":
        """The ranking of transactions in any order."""
        rows = sorted(judged, key=lambda each: (-each.score, each.card, each.day, each.is_fraud, each.amount_minor))
        days: dict[int, dict[str, bool]] = {}
        last_fraud: dict[str, int] = {}
        for each in rows:  # the highest score of a card comes first, which decides its place
            cards = days.setdefault(each.day, {})
            cards[each.card] = cards.get(each.card, False) or each.is_fraud
            if each.is_fraud:
                last_fraud[each.card] = max(each.day, last_fraud.get(each.card, each.day))
        by_score = [list(cards.items()) for _, cards in sorted(days.items())]
        # Whoever knows the truth shows first what cannot be shown later.
        by_truth = [
            sorted(((card, True) for card, fraud in cards if fraud), key=lambda pair: (last_fraud[pair[0]], pair[0]))
            for cards in by_score
        ]
        return cls(rows, by_score, by_truth, list(_steps(rows)))

    def steps(self, weights: Weights | None = None) -> list[tuple[int, int]]:
        """How many frauds have each score, and how many others it and those since the fraud above it; highest first.

        Scores that no fraud has are no steps of their own: measures ask only where frauds are found. The last step
        holds what ranks below all frauds.
        """
        if weights is None:
            return [(sum(step.frauds.values()), sum(step.others.values())) for step in self._steps]
        return [step.weighed(weights) for step in self._steps]

    def card_precision(self, cards: int = CARDS_A_DAY, weights: Weights | None = None) -> float:
        """The part of the cards shown that had fraud, when reviewers see so many a day, against the best possible.

        A card that was shown on a day on which it had fraud is blocked, and is not shown again (Le Borgne et al.,
        "Reproducible Machine Learning for Credit Card Fraud Detection", chapter 4).
        """
        best = _found(self.by_truth, cards, weights)
        return min(1.0, _found(self.by_score, cards, weights) / best) if best else 0.0


def average_precision(steps: Iterable[tuple[int, int]]) -> float:
    """Precision averaged over recall: the sum of (R_n - R_(n-1)) P_n over the steps; 0 without fraud."""
    found = wrong = 0
    total = 0.0
    for frauds, others in steps:
        found += frauds
        wrong += others
        if frauds:
            total += frauds * found / (found + wrong)
    return total / found if found else 0.0


def recall_at_fpr(steps: Sequence[tuple[int, int]], share: Fraction = FPR) -> float:
    """The part of frauds found by the lowest score at which at most this share of others is taken for fraud."""
    frauds, others = sum(step[0] for step in steps), sum(step[1] for step in steps)
    found = taken = 0
    for more_frauds, more_others in steps:
        taken += more_others
        if taken * share.denominator > share.numerator * others:
            break
        found += more_frauds
    return found / frauds if frauds else 0.0


def _steps(rows: Sequence[Judged]) -> Iterator[_Step]:
    """The steps of ranked rows. A bootstrap weighs them a hundred times, so each card is in a step once."""
    others: Counter[str] = Counter()
    for _, group in groupby(rows, key=attrgetter("score")):
        frauds: Counter[str] = Counter()
        for each in group:
            (frauds if each.is_fraud else others)[each.card] += 1
        if frauds:
            yield _Step(dict(frauds), dict(others))
            others = Counter()
    yield _Step({}, dict(others))


def _weighed(cards: Mapping[str, int], weights: Weights) -> int:
    return sum(map(mul, cards.values(), map(weights.__getitem__, cards)))


def _found(days: Sequence[Sequence[tuple[str, bool]]], cards: int, weights: Weights | None) -> int:
    """How many cards with fraud reviewers find; a card that was drawn several times is several cards."""
    blocked: Counter[str] = Counter()
    for ranked in days:
        left = cards
        for card, fraud in ranked:
            if left <= 0:
                break
            shown = min(left, (1 if weights is None else weights[card]) - blocked[card])
            left -= shown
            if fraud:
                blocked[card] += shown
    return blocked.total()
