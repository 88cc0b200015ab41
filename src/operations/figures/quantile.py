"""Quantiles of a histogram, as Prometheus' `histogram_quantile` gives them: linear within a bucket."""

from collections.abc import Mapping
from itertools import pairwise
from math import inf


def quantile(share: float, buckets: Mapping[str, float]) -> float | None:
    """The value below which a share (0 to 1) of the observations lie, or None without observations.

    `buckets` are cumulative counts by upper bound, `+Inf` among them, as the text format has them. What lies beyond
    the largest bound counts as that bound.
    """
    bounds = sorted((float(bound), count) for bound, count in buckets.items())
    if not bounds or bounds[-1][1] <= 0:
        return None
    wanted = share * bounds[-1][1]
    for (lower, before), (upper, count) in pairwise([(0.0, 0.0), *bounds]):
        if count >= wanted and count > before:
            return lower if upper == inf else lower + (upper - lower) * (wanted - before) / (count - before)
    return None
