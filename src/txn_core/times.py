"""Histograms of durations, counted in plain numbers.

A metric of the Prometheus client takes a lock at each step. What is counted many times a request is counted here,
and turned into metrics when they are asked for.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily


class Times:
    """A histogram of seconds, whose buckets are given by their upper bounds."""

    __slots__ = ("_bounds", "_counts", "_total_s")

    def __init__(self, bounds_s: Sequence[float]) -> None:
        self._bounds = bounds_s
        self._counts = [0] * (len(bounds_s) + 1)
        self._total_s = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._total_s += seconds

    def add_to(self, family: HistogramMetricFamily, labels: Sequence[str] = ()) -> None:
        """Tell the present counts, cumulative by upper bound as Prometheus wants them."""
        buckets = list(zip([*map(str, self._bounds), "+Inf"], accumulate(self._counts), strict=True))
        family.add_metric(labels, buckets, self._total_s)
