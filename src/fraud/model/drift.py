"""Whether what a model sees is still what it was trained on: the population stability index."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from fraud.model.manifest import DriftBins
from fraud.model.trees import Value

ALARM: Final = 0.25
"""The index from which a shift counts as large, by convention; below 0.1 there is none."""
_SMALLEST: Final = 1e-4


class SeenValues:
    """Values of one feature, or scores, counted in the bins of training."""

    def __init__(self, bins: DriftBins) -> None:
        self._bins = bins
        self._counts = [0] * (len(bins.counts) + 1)

    def add(self, value: Value) -> None:
        """Count a value; None is one that is missing."""
        self._counts[-1 if value is None else bisect_right(self._bins.bounds, value)] += 1

    def index(self) -> float:
        """The population stability index; 0 while nothing was seen."""
        return stability_index([*self._bins.counts, self._bins.missing], self._counts)


def stability_index(expected: Sequence[int], seen: Sequence[int]) -> float:
    """The sum of (q - p) ln(q / p) over the shares p of training and q that was seen; shares are at least 0.0001."""
    if not sum(expected) or not sum(seen):
        return 0.0
    pairs = zip(_shares(expected), _shares(seen), strict=True)
    return math.fsum((found - usual) * math.log(found / usual) for usual, found in pairs)


def _shares(counts: Sequence[int]) -> Iterable[float]:
    total = sum(counts)
    return (max(count / total, _SMALLEST) for count in counts)
