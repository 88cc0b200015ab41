"""Growing both stages.

The second stage learns from what the first one said of a card's earlier transactions. Of transactions that it was
grown on the first stage says more than it will ever say again. So for the second stage it is grown several times,
each time without a part of the cards, and speaks of those cards alone.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from fraud.model.model_errors import ModelError
from fraud.training.boosting import OPTIONS, TREES, Grown, Options
from fraud.training.labelled import Cards, mixed, with_fraud
from fraud.training.matrices import LearningRows, Matrix

FOLDS: Final = 5


@dataclass(frozen=True, slots=True)
class TwoStages:
    """Both stages."""

    first: Grown
    second: Grown

    @classmethod
    def with_folds(
        cls, rows: LearningRows, *, stop_s: int, seed: int, trees: int = TREES, options: Options = OPTIONS
    ) -> "tuple[TwoStages, list[TwoStages]]":
        """Both stages, and for each fold of the cards two stages that were grown without its transactions.

        Raises:
            ModelError: all cards are in one fold, as a single one is.
        """
        grows = rows.at_s < stop_s
        first_rows, labels, folds = rows.first[grows], rows.labels[grows], folds_of(rows.cards, seed)[grows]
        parts = [folds >= 0, *(folds != fold for fold in range(FOLDS))]
        if not all(part.any() for part in parts):
            raise ModelError("the rows to grow trees are of too few cards: a fifth of them has to be left out")
        first, *without = [
            Grown.of(first_rows[part], labels[part], options.first, seed=seed, trees=trees) for part in parts
        ]
        # Rows from the stop on come later than every row that grows, so nothing asks what was said of them.
        said = np.zeros(len(grows), dtype=np.int64)
        for fold, stage in enumerate(without):
            inside = folds == fold
            said[np.flatnonzero(grows)[inside]] = stage.millilogits(first_rows[inside])
        both = rows.both(said.tolist(), grows)
        second = [Grown.of(both[part], labels[part], options.second, seed=seed, trees=trees) for part in parts]
        return cls(first, second[0]), [cls(*stages) for stages in zip(without, second[1:], strict=True)]

    def served(self, rows: LearningRows, part: Any) -> "tuple[Any, Any, Matrix]":
        """The log-odds of both stages, in thousandths, and the features, as the scorer comes to them.

        They are those of a part of the rows, which is a mask.
        """
        reached = rows.within_reach(part)
        stage1 = np.zeros(len(reached), dtype=np.int64)
        stage1[reached] = self.first.millilogits(rows.first[reached])
        values = rows.both(stage1.tolist(), part)
        return stage1[part], self.second.millilogits(values), values


def folds_of(cards: Iterable[str], seed: int) -> Any:
    """The fold of each of these cards: by the card alone, so that no card is in two."""
    found: dict[str, int] = {}
    for card in cards:
        if card not in found:
            # Of the methods of `Random`, `random` alone stays the same over Python versions.
            found[card] = int(random.Random(f"txn-folds/{seed}/{card}").random() * FOLDS)  # noqa: S311 - no secret
    return np.array([found[card] for card in cards])


def mixture(cards: Cards, seed: int, every: int = 2) -> dict[str, Any]:
    """The cards, of which every second one (or so) that had fraud has ordinary purchases in its days of fraud."""
    chosen = set(with_fraud(cards)[::every])
    return {card: mixed(card, rows, seed) if card in chosen else rows for card, rows in cards.items()}
