"""What is counted of requests, by the route's template, never by what a client wrote."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from txn_core.times import Times

BUCKETS_S: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class RequestMetrics(Collector):
    """Answered requests and how long they took; routes, methods and statuses are few."""

    def __init__(self, registry: CollectorRegistry, in_flight: Callable[[], int]) -> None:
        self._answered: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self._times: defaultdict[str, Times] = defaultdict(lambda: Times(BUCKETS_S))
        self._in_flight = in_flight
        registry.register(self)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._answered[method, route, status] += 1
        self._times[route].observe(seconds)

    def collect(self) -> Iterator[Metric]:
        """The present figures."""
        answered = CounterMetricFamily("txn_http_requests", "Answered requests", labels=["method", "route", "status"])
        for (method, route, status), count in self._answered.items():
            answered.add_metric([method, route, str(status)], count)
        durations = HistogramMetricFamily("txn_http_request_seconds", "Time to the answer's end", labels=["route"])
        for route, times in self._times.items():
            times.add_to(durations, [route])
        in_flight = self._in_flight()
        yield from (answered, durations)
        yield GaugeMetricFamily("txn_http_requests_in_flight", "Requests being answered", in_flight)
