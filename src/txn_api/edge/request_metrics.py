"""What is counted of requests, by the route's template, never by what a client wrote."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from txn_api.problems import NotConfigured, OutcomeUnknown, Overloaded
from txn_core.times import Times

BUCKETS_S: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

OPERATORS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Routes that say nothing of what clients are served."""
LIMITED: Final = "limited"
FAILED: Final = "failed"
SERVED: Final = "served"
_TOLD_APART: Final = (Overloaded.code, OutcomeUnknown.code)
"""Problems of one status that alarms have to tell apart."""


class RequestMetrics(Collector):
    """Answered requests and how long they took; routes, methods and statuses are few."""

    def __init__(self, registry: CollectorRegistry, in_flight: Callable[[], int]) -> None:
        self._answered: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self._refused = dict.fromkeys(_TOLD_APART, 0)
        self._times: defaultdict[str, Times] = defaultdict(lambda: Times(BUCKETS_S))
        self._in_flight = in_flight
        registry.register(self)

    def answered(self, method: str, route: str, status: int, seconds: float, code: str = "") -> None:
        """Count a request; `code` is its problem's, if it was refused."""
        self._answered[method, route, status] += 1
        if status == Overloaded.status and code in self._refused and route not in OPERATORS:
            self._refused[code] += 1
        self._times[route].observe(seconds)

    def collect(self) -> Iterator[Metric]:
        """The present figures."""
        answered = CounterMetricFamily("txn_http_requests", "Answered requests", labels=["method", "route", "status"])
        for (method, route, status), count in self._answered.items():
            answered.add_metric([method, route, str(status)], count)
        durations = HistogramMetricFamily("txn_http_request_seconds", "Time to the answer's end", labels=["route"])
        for route, times in self._times.items():
            times.add_to(durations, [route])
        outcomes = CounterMetricFamily(
            "txn_http_answers", "Answers to clients, by what became of the request", labels=["outcome"]
        )
        for outcome, count in self._outcomes().items():
            outcomes.add_metric([outcome], count)
        in_flight = self._in_flight()
        yield from (answered, outcomes, durations)
        yield GaugeMetricFamily("txn_http_requests_in_flight", "Requests being answered", in_flight)

    def _outcomes(self) -> dict[str, int]:
        """How many answers had each outcome; each has one, and all are there from the start."""
        counts = {SERVED: 0, LIMITED: 0, FAILED: -sum(self._refused.values()), **self._refused}
        for (_, route, status), count in self._answered.items():
            if route not in OPERATORS and status:  # 0: the client went away before
                counts[_outcome_of(status)] += count
        return counts


def _outcome_of(status: int) -> str:
    """What an answer is by its status alone. What is not configured is the same for every request, and no failure."""
    if status == 429:
        return LIMITED
    return SERVED if status < 500 or status == NotConfigured.status else FAILED
