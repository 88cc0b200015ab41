"""Percentiles of what was measured one by one."""

import math
from collections.abc import Sequence


def percentile(figures: Sequence[float], percent: float) -> float:
    """The smallest figure that so many percent of all are not above (nearest rank).

    Raises:
        ValueError: there are no figures.
    """
    if not figures:
        raise ValueError("no figures")
    rank = max(1, math.ceil(len(figures) * percent / 100))
    return sorted(figures)[rank - 1]
