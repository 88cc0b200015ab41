"""The interval of a proportion that was counted."""

import math
from statistics import NormalDist
from typing import Final, NamedTuple

_Z: Final = NormalDist().inv_cdf(0.975)


class Proportion(NamedTuple):
    """A proportion and the ends of its interval of 95 %."""

    value: float
    low: float
    high: float


def proportion(hits: int, of: int) -> Proportion | None:
    """The proportion of hits with its interval by Wilson (1927); None of nothing.

    Unlike the usual interval it holds for small counts, and never leaves 0 to 1.
    """
    if of == 0:
        return None
    share, weight = hits / of, _Z * _Z / of
    middle = (share + weight / 2) / (1 + weight)
    half = math.sqrt(weight * (share * (1 - share) + weight / 4)) / (1 + weight)
    return Proportion(share, min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)))
