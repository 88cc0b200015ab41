"""Intervals of measures by the bootstrap: cards are drawn again, for a card's transactions depend on each other."""

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from fraud.evaluation.ranking import Judged, Ranking, Weights, average_precision, recall_at_fpr

DRAWS: Final = 100
_OUTSIDE: Final = 0.025


class Estimate(NamedTuple):
    """A measure and its interval of 95 %."""

    value: float
    low: float
    high: float


class Estimates(NamedTuple):
    """Average precision, recall at 0.1 % of false alarms and precision of 5 cards a day, on some rows."""

    rows: int
    frauds: int
    average_precision: Estimate
    recall_at_fpr: Estimate
    card_precision: Estimate

    def document(self) -> dict[str, object]:
        """The estimates as JSON has them, measures to five decimals."""
        measures = (self.average_precision, self.recall_at_fpr, self.card_precision)
        rounded = [{name: round(value, 5) for name, value in each._asdict().items()} for each in measures]
        return {"rows": self.rows, "frauds": self.frauds, **dict(zip(self._fields[2:], rounded, strict=True))}


def estimates(judged: Iterable[Judged], *, seed: int = 1, draws: int = DRAWS) -> Estimates:
    """The measures with intervals; the same ones for the same rows, in whatever order they come, and seed."""
    ranking = Ranking.of(judged)
    value = _measured(ranking, None)
    cards = sorted({each.card for each in ranking.rows})
    drawn = [_measured(ranking, weights) for weights in weights_drawn(cards, seed, draws)]
    found = [Estimate(value[place], *interval_of([each[place] for each in drawn])) for place in range(3)]
    return Estimates(len(ranking.rows), sum(each.is_fraud for each in ranking.rows), *found)


def _measured(ranking: Ranking, weights: Weights | None) -> tuple[float, float, float]:
    steps = ranking.steps(weights)
    return average_precision(steps), recall_at_fpr(steps), ranking.card_precision(weights=weights)


def weights_drawn(cards: Sequence[str], seed: int, draws: int = DRAWS) -> Iterator[Weights]:
    """How often each card was drawn, of as many cards as there are, so many times over."""
    # Of the methods of `Random`, `random` alone stays the same over Python versions.
    rng = random.Random(f"txn-intervals/{seed}")  # noqa: S311 - reproducible, not secret
    for _ in range(draws):
        weights = dict.fromkeys(cards, 0)
        for _ in cards:
            weights[cards[int(rng.random() * len(cards))]] += 1
        yield weights


def interval_of(drawn: Sequence[float], widest: tuple[float, float] = (0.0, 1.0)) -> tuple[float, float]:
    """The bounds of 95 % of what was drawn; the widest that there are where nothing was."""
    if not drawn:
        return widest
    ordered = sorted(drawn)
    cut = int(_OUTSIDE * len(ordered))
    return ordered[cut], ordered[-1 - cut]
