"""Increments are what was counted since a process was seen first, whatever processes come, go and begin again."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from operations.figures.counter_sample import ACCEPTED, Increments, ProcessCounts, Series, counts_of
from txn_api.edge.request_metrics import RequestMetrics

ONE = Series(ACCEPTED)


def counts(**accepted: float) -> ProcessCounts:
    """What processes have accepted, by name."""
    return ProcessCounts({(process, ONE): value for process, value in accepted.items()})


def test_what_was_counted_before_is_left_out() -> None:
    increments = Increments()
    first = increments.sample(0.0, counts(a=1_000))
    second = increments.sample(2.0, counts(a=1_010))
    assert second.since(first, ACCEPTED) == {"": 10.0}


def test_a_process_that_comes_late_counts_from_then_on() -> None:
    """It may have served for long, and only not have answered before."""
    increments = Increments()
    first = increments.sample(0.0, counts(a=5))
    second = increments.sample(2.0, counts(a=5, b=700))
    assert second.since(first, ACCEPTED) == {"": 0.0}
    assert increments.sample(4.0, counts(a=5, b=703)).since(first, ACCEPTED) == {"": 3.0}


def test_a_process_that_does_not_answer_is_made_up_for() -> None:
    increments = Increments()
    first = increments.sample(0.0, counts(a=5, b=5))
    assert increments.sample(2.0, counts(a=6)).since(first, ACCEPTED) == {"": 1.0}
    assert increments.sample(4.0, counts(a=7, b=15)).since(first, ACCEPTED) == {"": 12.0}


def test_a_count_that_fell_began_at_zero() -> None:
    """A process of the same id has taken the place of another."""
    increments = Increments()
    first = increments.sample(0.0, counts(a=100))
    assert increments.sample(2.0, counts(a=4)).since(first, ACCEPTED) == {"": 4.0}


def test_a_first_answer_of_its_kind_is_an_increment() -> None:
    """A label has no value until it has one."""
    increments = Increments()
    refused = Series("answered", "401")
    first = increments.sample(0.0, counts(a=1))
    second = ProcessCounts({("a", ONE): 1.0, ("a", refused): 2.0})
    assert increments.sample(2.0, second).since(first, "answered") == {"401": 2.0}


def test_the_names_are_those_of_the_metrics() -> None:
    """Of the histogram only the route of posts counts."""
    registry = CollectorRegistry()
    requests = RequestMetrics(registry, lambda: 0)
    requests.answered("POST", "/transactions", 202, 0.004)
    requests.answered("GET", "/operations", 200, 3.0)
    Counter("txn_user_records_put", "put", registry=registry).inc(7)
    Histogram("txn_other_seconds", "other", registry=registry).observe(1)
    found = counts_of(registry.collect())
    assert found.processes == 1
    assert found.total(ACCEPTED) == {"": 7.0}
    assert found.total("answered") == {"202": 1.0, "200": 1.0}
    assert found.total("latency")["+Inf"] == 1.0
    assert found.total("latency")["0.002"] == 0.0
