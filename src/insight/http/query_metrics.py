"""What is counted of queries: by question, how they ended, and how long they took."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from insight.answers.turns import Turns

BUCKETS_S: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


class QueryMetrics:
    """Queries of the warehouse; an answer that was kept asks none."""

    def __init__(self, registry: CollectorRegistry, turns: Turns) -> None:
        self._ended = Counter(
            "txn_insight_queries", "Queries of the warehouse", ["question", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "txn_insight_query_seconds", "Time of a query", ["question"], buckets=BUCKETS_S, registry=registry
        )
        Gauge("txn_insight_waiting", "Questions that wait for their turn", registry=registry).set_function(
            lambda: turns.waiting
        )

    def queried(self, question: str, seconds: float, outcome: str) -> None:
        """A query has ended."""
        self._ended.labels(question, outcome).inc()
        self._seconds.labels(question).observe(seconds)
