"""Lines for CloudWatch: what they add up to is what the registry counted, whatever becomes of a line."""

import itertools
import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tests.support.emf_lines import Told, by, by_service, checked
from txn_core.emf.documents import Format
from txn_core.emf.reporter import EmfReporter

SERVICE = "worker-index"
BOUNDS = (0.5, 1.0, 2.0)


class Log:
    """Takes the lines that it has room for."""

    def __init__(self, takes: Iterator[bool] | None = None) -> None:
        self.lines: list[bytes] = []
        self._takes = takes

    def put(self, line: bytes) -> bool:
        taken = self._takes is None or next(self._takes)
        if taken:
            self.lines.append(line)
        return taken


class Counted:
    """A registry with a metric of each kind, and its reporter."""

    def __init__(self, log: Log) -> None:
        self.registry = CollectorRegistry()
        self.posts = Counter("txn_posts", "x", ["route", "status"], registry=self.registry)
        self.records = Counter("txn_records", "x", registry=self.registry)
        self.lag = Gauge("txn_lag_seconds", "x", ["shard"], registry=self.registry)
        self.times = Histogram("txn_flush_seconds", "x", ["route"], buckets=BOUNDS, registry=self.registry)
        self.reporter = EmfReporter(self.registry, Format("txn", SERVICE), log.put, clock=lambda: 1_700_000_000.25)


def test_a_report_says_what_was_added() -> None:
    """Of a counter what came since, also nothing; of a gauge its value; of a histogram what was observed since."""
    log = Log()
    counted = Counted(log)
    counted.records.inc(5)
    counted.times.labels("/a").observe(0.75)
    counted.times.labels("/b").observe(0.5)
    counted.reporter.report()
    first = Told(log.lines)
    counted.times.labels("/a").observe(60)
    counted.reporter.report()
    second = Told(log.lines[len(log.lines) // 2 :])
    records, times = by_service("txn_records_total", SERVICE), by_service("txn_flush_seconds", SERVICE)
    assert (first.sums[records], second.sums[records], second.counts[records]) == (5, 0, 1)
    assert (first.sums[times], first.counts[times], first.maxima[times]) == (1.25, 2, 1.0)
    assert (second.sums[times], second.counts[times], second.maxima[times]) == (60, 1, 60)
    counted.reporter.report()
    assert b"txn_flush_seconds" not in log.lines[-1]


def test_a_gauge_has_a_value_for_each_folded_label() -> None:
    """So the shard that is furthest behind is the maximum, of any number of shards."""
    log = Log()
    counted = Counted(log)
    for shard in range(250):
        counted.lag.labels(f"shardId-{shard:012}").set(shard)
    counted.lag.labels("odd").set(math.nan)
    counted.lag.labels("endless").set(math.inf)
    counted.reporter.report()
    told, lag = Told(log.lines), by_service("txn_lag_seconds", SERVICE)
    assert (told.counts[lag], told.maxima[lag]) == (250, 249)
    assert not any(b"shard" in line for line in log.lines)


def test_a_kept_label_is_a_second_dimension() -> None:
    """And the figure by the service alone is the sum over all of its values."""
    log = Log()
    counted = Counted(log)
    for route, status, posts in (("/a", "202", 3), ("/b", "202", 4), ("/a", "503", 1)):
        counted.posts.labels(route, status).inc(posts)
    counted.reporter.report()
    told = Told(log.lines)
    assert told.sums[by("txn_posts_total", SERVICE, "status", "202")] == 7
    assert told.sums[by("txn_posts_total", SERVICE, "status", "503")] == 1
    assert told.sums[by_service("txn_posts_total", SERVICE)] == 8


def test_other_families_and_empty_labels() -> None:
    """Nothing of the interpreter is told, and a dimension's value is never empty."""
    log = Log()
    counted = Counted(log)
    Counter("python_gc_collections", "x", registry=counted.registry)
    counted.posts.labels("/a", " ").inc()
    counted.reporter.report()
    told = Told(log.lines)
    assert told.sums[by("txn_posts_total", SERVICE, "status", "none")] == 1
    assert not any(b"python_" in line for line in log.lines)


@pytest.mark.parametrize("metrics", [1, 99, 250])
def test_many_metrics_take_several_lines(metrics: int) -> None:
    """No line has more than 100 metrics or more bytes than a pipe takes whole; none is left out."""
    log, registry = Log(), CollectorRegistry()
    for number in range(metrics):
        Counter(f"txn_c{number}", "x", registry=registry).inc(number)
    EmfReporter(registry, Format("txn", SERVICE), log.put).report()
    told = Told(log.lines)
    assert [told.sums[by_service(f"txn_c{n}_total", SERVICE)] for n in range(metrics)] == list(range(metrics))


def test_a_host_without_a_task_of_its_own_reports_first_at_once_and_then_when_a_minute_is_over() -> None:
    """At the end of a call, if it is time; what was counted in calls before is in it."""
    log, now_s, registry = Log(), 1_000.0, CollectorRegistry()
    calls = Counter("txn_calls", "x", registry=registry)
    reporter = EmfReporter(registry, Format("txn", SERVICE), log.put, clock=lambda: now_s)
    for now_s in (1_001.0, 1_059.0, 1_061.0, 1_100.0, 1_121.0):  # noqa: B007 - the clock reads it
        calls.inc()
        reporter.report_when_due()
    stamps = [checked(line)["_aws"]["Timestamp"] for line in log.lines]
    assert stamps == [1_001_000, 1_061_000, 1_121_000]
    assert Told(log.lines).sums[by_service("txn_calls_total", SERVICE)] == 5


Step = tuple[str, float]
_steps = st.lists(
    st.tuples(
        st.sampled_from(["records", "202", "503", "/a", "/b", "report"]), st.integers(0, 40).map(lambda n: n / 8)
    ),
    max_size=60,
)


@given(_steps, st.lists(st.booleans(), min_size=1, max_size=5))
def test_sums_are_those_of_the_registry(steps: list[Step], takes: list[bool]) -> None:
    """Whatever is counted and observed between reports, and whichever lines the log has no room for."""
    log = Log(itertools.cycle(takes))
    counted = Counted(log)
    for what, amount in steps:
        match what:
            case "report":
                counted.reporter.report()
            case "records":
                counted.records.inc(amount)
            case "202" | "503":
                counted.posts.labels("/posts", what).inc(amount)
            case _:
                counted.times.labels(what).observe(amount)
    log._takes = None
    counted.reporter.report()
    told, value = Told(log.lines), counted.registry.get_sample_value
    assert told.sums[by_service("txn_records_total", SERVICE)] == value("txn_records_total")
    for status in ("202", "503"):
        expected = value("txn_posts_total", {"route": "/posts", "status": status}) or 0
        assert told.sums[by("txn_posts_total", SERVICE, "status", status)] == expected
    routes = [{"route": route} for route in ("/a", "/b")]
    times = by_service("txn_flush_seconds", SERVICE)
    assert told.counts[times] == sum(value("txn_flush_seconds_count", route) or 0 for route in routes)
    assert told.sums[times] == sum(value("txn_flush_seconds_sum", route) or 0 for route in routes)
