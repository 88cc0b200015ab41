"""The ingest worker gives what alarms watch, and so does who takes tokens; a local stack's test sees all others."""

from prometheus_client import CollectorRegistry, generate_latest

from tests.support.watched_metrics import OF_TOKENS, lacking, watched_metrics
from txn_api.access.forgeries import Forgeries
from workers.ingest.ingest_metrics import IngestMetrics


def test_the_ingest_worker_gives_what_is_watched() -> None:
    metrics = IngestMetrics()
    metrics.saw("acme", [])
    assert lacking("worker-ingest", generate_latest(metrics.registry).decode()) == []


def test_who_takes_tokens_counts_what_is_watched() -> None:
    registry = CollectorRegistry()
    Forgeries(registry=registry)
    labels = [metric.label for metric in watched_metrics() if metric.name == OF_TOKENS]
    assert labels == [("outcome", "unread")]
    assert registry.get_sample_value(OF_TOKENS, {"outcome": "unread"}) == 0


def test_a_metric_that_is_not_there_is_found_lacking() -> None:
    watched = [metric for metric in watched_metrics() if metric.service == "worker-ingest"]
    assert lacking("worker-ingest", "") == watched
    assert watched
