"""The metrics of every process fit the rule by which CloudWatch is told of them (docs/telemetry.md)."""

import time
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from insight.answers.turns import Turns
from insight.http.query_metrics import QueryMetrics
from operations.http.resources import RESOURCES
from tests.support.emf_lines import UNITS
from txn_api.app import create_app
from txn_cli.warehouse_watch.watch_metrics import WatchMetrics
from txn_core.drains import REGISTRY
from txn_core.emf.documents import EVENT, VALUES_MAX
from txn_core.emf.naming import DIMENSION_OF_METRIC, DIMENSIONS, SERVICE, unit_of
from txn_core.settings import Settings
from workers.ingest.ingest_metrics import IngestMetrics
from workers.metrics import WorkerMetrics
from workers.score.score_metrics import ScoreMetrics


def registries() -> Iterator[CollectorRegistry]:
    """Those of all kinds of processes, as far as they are before anything is counted."""
    yield create_app(Settings(), resources=RESOURCES).state.registry
    for drain in REGISTRY:
        metrics = WorkerMetrics(drain)
        if drain == "score":
            ScoreMetrics(metrics)
        yield metrics.registry
    yield IngestMetrics().registry
    yield WatchMetrics(time.time).registry
    insight = CollectorRegistry()
    QueryMetrics(insight, Turns(1, 1, 1.0))
    yield insight


@pytest.fixture(name="families")
def all_families(own_environment: pytest.MonkeyPatch) -> list[tuple[str, str, tuple[str, ...]]]:
    """Name, kind and labels of each."""
    return [
        (family.name, family.type, tuple(getattr(collector, "_labelnames", getattr(family, "_labelnames", ()))))
        for registry in registries()
        for collector in list(registry._collector_to_names)
        for family in collector.collect()
    ]


def test_no_metric_has_two_second_dimensions(families: list[tuple[str, str, tuple[str, ...]]]) -> None:
    """A figure by the service alone is the sum over one label."""
    for name, _, labels in families:
        assert sum(label in DIMENSIONS for label in labels) <= 1, name


def test_no_label_has_the_name_of_something_else_in_a_line() -> None:
    """Members of a line are told apart by their names alone."""
    assert not {SERVICE, "event", "_aws", EVENT} & {*DIMENSIONS, *DIMENSION_OF_METRIC.values()}


def test_all_kinds_are_told_and_have_units(families: list[tuple[str, str, tuple[str, ...]]]) -> None:
    """A kind that is not known to the reporter would be missing without a word."""
    for name, kind, _ in families:
        assert name.startswith("python_") or kind in {"counter", "gauge", "histogram"}, (name, kind)
        assert unit_of(name) in UNITS
    assert unit_of("txn_warehouse_built_timestamp_seconds") == "None"
    assert unit_of("txn_http_request_seconds") == "Seconds"
    assert unit_of("txn_kinesis_records_data_put_bytes_total") == "Bytes"


def test_histograms_fit_into_a_line(own_environment: pytest.MonkeyPatch) -> None:
    """A bucket is a value."""
    for registry in registries():
        for collector in list(registry._collector_to_names):
            assert len(getattr(collector, "_upper_bounds", ())) <= VALUES_MAX
