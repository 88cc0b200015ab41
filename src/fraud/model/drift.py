"""Whether what a model sees is still what it was trained on: the population stability index."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from operator import sub
from typing import Final

from fraud.model.manifest import DriftBins
from fraud.model.trees import Value

ALARM: Final = 0.25
"""The index from which a shift counts as large, by convention; below 0.1 there is none."""
_SMALLEST: Final = 1e-4


def counts_of(bins: DriftBins, values: Iterable[Value]) -> list[int]:
    """How many values of one feature, or scores, are in each bin of training; the last count is of missing ones."""
    found = list(values)
    known = sorted([value for value in found if value is not None])
    edges = [bisect_left(known, bound) for bound in bins.bounds]
    return [*map(sub, [*edges, len(known)], [0, *edges]), len(found) - len(known)]


def index_of(bins: DriftBins, counts: Sequence[int]) -> float:
    """The population stability index of values that `counts_of` counted; 0 while nothing was seen."""
    return stability_index([*bins.counts, bins.missing], counts)


def stability_index(expected: Sequence[int], seen: Sequence[int]) -> float:
    """The sum of (q - p) ln(q / p) over the shares p of training and q that was seen; shares are at least 0.0001."""
    if not sum(expected) or not sum(seen):
        return 0.0
    pairs = zip(_shares(expected), _shares(seen), strict=True)
    return math.fsum([(found - usual) * math.log(found / usual) for usual, found in pairs])


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [share if (share := count / total) > _SMALLEST else _SMALLEST for count in counts]
