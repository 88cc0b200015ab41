"""The ingest worker gives what alarms watch; the local stack's test sees it of all other processes."""

from prometheus_client import generate_latest

from tests.support.watched_metrics import lacking, watched_metrics
from workers.ingest.ingest_metrics import IngestMetrics


def test_the_ingest_worker_gives_what_is_watched() -> None:
    metrics = IngestMetrics()
    metrics.saw("acme", [])
    assert lacking("worker-ingest", generate_latest(metrics.registry).decode()) == []


def test_a_metric_that_is_not_there_is_found_lacking() -> None:
    watched = [metric for metric in watched_metrics() if metric.service == "worker-ingest"]
    assert lacking("worker-ingest", "") == watched
    assert watched
