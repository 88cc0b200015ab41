"""How many lines a process could not log, for Prometheus: a log that lacks some cannot be trusted to say so."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from txn_core.logs.telemetry import dropped_lines, left_out_lines, reports


class LogMetrics(Collector):
    """The lines that were dropped or left out, under names of the process's kind, and the reports to CloudWatch."""

    def __init__(self, registry: CollectorRegistry, prefix: str) -> None:
        self._prefix = prefix
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """The present count."""
        yield CounterMetricFamily(
            f"{self._prefix}_log_lines_dropped",
            "Log lines that were not written, since nobody took them from standard error in time",
            dropped_lines(),
        )
        yield CounterMetricFamily(
            f"{self._prefix}_log_lines_left_out",
            "Log lines that were left out, past the budget of their events",
            left_out_lines(),
        )
        yield CounterMetricFamily("txn_emf_reports", "Reports of all metrics to CloudWatch", reports())
