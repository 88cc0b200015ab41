"""What the two stages learn from: the features of each transaction, computed as the scorer computes them."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from math import nan
from typing import Any, Final, Self

import numpy as np

from fraud.features.catalogue import FEATURES, features_of, stage2_of
from fraud.features.feature import Value
from fraud.features.stage_two import STAGE2
from fraud.history.card_history import HORIZON_S, CardHistory
from fraud.training.labelled import Cards, Labelled

FIRST: Final = len(FEATURES)
SECOND: Final = len(STAGE2)
_MODEL: Final = "in training"

Matrix = Any
"""A numpy array of floats; NaN is missing."""


@dataclass(frozen=True, slots=True)
class LearningRows:
    """Transactions of several cards, card by card, and what is known of each: arrays of one length."""

    rows: Sequence[Labelled]
    lengths: Sequence[int]
    cards: Any
    first: Matrix
    labels: Any
    at_s: Any

    @classmethod
    def of(cls, cards: Cards) -> Self:
        """The features of the first stage, and labels."""
        rows = [row for each in cards.values() for row in each]
        values = array("d")
        for each in cards.values():
            for row in _first_values(each):
                values.extend([nan if value is None else value for value in row])
        return cls(
            rows=rows,
            lengths=[len(each) for each in cards.values()],
            cards=np.array([card for card, each in cards.items() for _ in each], dtype=object),
            first=np.frombuffer(values, dtype=np.float64).reshape(-1, FIRST),
            labels=np.array([row.is_fraud for row in rows], dtype=bool),
            at_s=np.array([row.at_s for row in rows], dtype=np.int64),
        )

    def with_cards(self, cards: Cards) -> Self:
        """The same rows, but for those of some cards, in whose place others stand."""
        others = self.part(np.array([card not in cards for card in self.cards], dtype=bool))
        if not cards:
            return others
        own = self.of(cards)
        return type(self)(
            rows=[*others.rows, *own.rows],
            lengths=[*others.lengths, *own.lengths],
            cards=np.concatenate([others.cards, own.cards]),
            first=np.vstack([others.first, own.first]),
            labels=np.concatenate([others.labels, own.labels]),
            at_s=np.concatenate([others.at_s, own.at_s]),
        )

    def part(self, part: Any) -> Self:
        """The rows that a mask names. Their features stay: they are those of rows after all others of the card."""
        lengths, begin = [], 0
        for length in self.lengths:
            if left := int(part[begin : begin + length].sum()):
                lengths.append(left)
            begin += length
        return type(self)(
            rows=[self.rows[place] for place in np.flatnonzero(part).tolist()],
            lengths=lengths,
            cards=self.cards[part],
            first=self.first[part],
            labels=self.labels[part],
            at_s=self.at_s[part],
        )

    def both(self, stage1: Sequence[int], part: Any) -> Matrix:
        """The features of both stages, those of the second behind, of the part of the rows that a mask names.

        `stage1` are the first log-odds of every row, in thousandths: those of a card's earlier rows count as well.
        """
        values, begin = array("d"), 0
        reached, wanted = self.within_reach(part).tolist(), part.tolist()
        for length in self.lengths:
            own = slice(begin, begin + length)
            for row in _second_values(
                compress(zip(self.rows[own], stage1[own], wanted[own], strict=True), reached[own])
            ):
                values.extend([nan if value is None else value for value in row])
            begin += length
        return np.hstack([self.first[part], np.frombuffer(values, dtype=np.float64).reshape(-1, SECOND)])

    def within_reach(self, part: Any) -> Any:
        """The rows that a mask names, and those before them that their cards' histories still hold: a mask, too.

        What is older than the newest purchase by a horizon has left the history before the named rows begin.
        """
        reached, end = np.zeros(len(part), dtype=bool), 0
        for length in self.lengths:
            begin, end = end, end + length
            places = np.flatnonzero(part[begin:end])
            if not len(places):
                continue
            first, last = begin + int(places[0]), begin + int(places[-1])
            newest = max((row.at_s for row in self.rows[begin:first] if row.observation.is_purchase), default=None)
            if newest is not None:
                reached[begin:first] = self.at_s[begin:first] > newest - HORIZON_S
            reached[first : last + 1] = True
        return reached


def _first_values(rows: Sequence[Labelled]) -> Iterator[list[Value]]:
    history = CardHistory.empty()
    for row in rows:
        yield features_of(row.observation, history)
        history.with_(row.observation, {})


def _second_values(rows: Iterable[tuple[Labelled, int, bool]]) -> Iterator[list[Value]]:
    """Of each row what the first stage said of it, and whether its values are wanted."""
    history = CardHistory.empty()
    for row, said, is_wanted in rows:
        if is_wanted:
            yield stage2_of(row.observation, history, _MODEL, said)
        history.with_(row.observation, {_MODEL: said})
