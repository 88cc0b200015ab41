"""A champion and a challenger on the same transactions: where they agree, and who ranks frauds higher."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from fraud.evaluation.intervals import interval_of, weights_drawn
from fraud.evaluation.ranking import Judged, Ranking, average_precision

Decide = Callable[[int], str]
"""From log-odds, in thousandths, to pass, review or alert."""
_SEED: Final = 1
_ALERTED_BY: Final = {(True, True): "both", (True, False): "champion_alone", (False, True): "challenger_alone"}


class SideBySide:
    """Counts what two models say.

    Args:
        champion: what its log-odds decide; None where its thresholds are not known any more.
        challenger: the same of the other model.
    """

    def __init__(self, champion: Decide | None, challenger: Decide | None) -> None:
        self._decide = None if champion is None or challenger is None else (champion, challenger)
        self._days: set[int] = set()
        self._rows: Counter[bool | None] = Counter()
        self._agreed = 0
        self._alerted: dict[str, Counter[bool | None]] = {name: Counter() for name in _ALERTED_BY.values()}
        self._labelled: tuple[list[Judged], list[Judged]] = ([], [])

    def add(self, card: str, day: int, *, champion: int, challenger: int, is_fraud: bool | None) -> None:
        """Count a transaction, of which nobody may know yet (None) whether it was fraud; scores are log-odds."""
        self._rows[is_fraud] += 1
        self._days.add(day)
        if self._decide is not None:
            first, second = self._decide[0](champion), self._decide[1](challenger)
            self._agreed += first == second
            if (name := _ALERTED_BY.get((first == "alert", second == "alert"))) is not None:
                self._alerted[name][is_fraud] += 1
        if is_fraud is not None:
            for rows, score in zip(self._labelled, (champion, challenger), strict=True):
                rows.append(Judged(card, day, score, is_fraud))

    def document(self) -> dict[str, Any]:
        """What was found, as JSON has it: the same for the same transactions, on any machine."""
        rows = self._rows.total()
        return {
            "rows": rows,
            "days": len(self._days),
            "labelled": rows - self._rows[None],
            "frauds": self._rows[True],
            "agreement": round(self._agreed / rows, 6) if rows and self._decide else None,
            "alerts": {name: _counted(each) for name, each in self._alerted.items()} if self._decide else None,
            "average_precision": compared(*self._labelled) if self._rows[True] else None,
        }


def compared(champion: Sequence[Judged], challenger: Sequence[Judged]) -> dict[str, Any]:
    """Average precision of both, on the same transactions, and by how much the challenger's is higher.

    The interval of the difference draws the same cards for both.
    """
    rankings = Ranking.of(champion), Ranking.of(challenger)
    first, second = (average_precision(ranking.steps()) for ranking in rankings)
    low, high = interval_of(
        [
            average_precision(rankings[1].steps(weights)) - average_precision(rankings[0].steps(weights))
            for weights in weights_drawn(sorted({each.card for each in champion}), _SEED)
        ],
        (-1.0, 1.0),
    )
    return {
        "champion": round(first, 5),
        "challenger": round(second, 5),
        "difference": {"value": round(second - first, 5), "low": round(low, 5), "high": round(high, 5)},
    }


def _counted(labels: Counter[bool | None]) -> dict[str, int]:
    return {"rows": labels.total(), "frauds": labels[True], "legitimate": labels[False]}
