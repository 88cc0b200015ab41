"""What became of requests, as alarms count it."""

from prometheus_client import CollectorRegistry

from operations.alarms.api_alarms import ANSWER_OUTCOMES
from txn_api.edge.request_metrics import RequestMetrics


def outcomes(*answers: tuple[str, int, str]) -> dict[str, float]:
    """The counts after these answers of routes, with their statuses and codes."""
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry, lambda: 0)
    for route, status, code in answers:
        metrics.answered("POST", route, status, 0.001, code)
    counts = {
        name: registry.get_sample_value("txn_http_answers_total", {"outcome": name}) or 0.0
        for name in ANSWER_OUTCOMES
    }
    (family,) = [family for family in registry.collect() if family.name == "txn_http_answers"]
    assert {sample.labels["outcome"] for sample in family.samples} == set(ANSWER_OUTCOMES), "all, from the start"
    return {name: count for name, count in counts.items() if count}


def test_each_answer_has_one_outcome() -> None:
    posts = "/transactions"
    assert outcomes(
        (posts, 202, ""),
        (posts, 422, "validation_failed"),
        (posts, 501, "not_configured"),
        (posts, 429, "rate_limited"),
        (posts, 503, "overloaded"),
        (posts, 503, "outcome_unknown"),
        (posts, 503, "not_stored"),
        (posts, 503, ""),
        (posts, 500, "internal_error"),
    ) == {"served": 3, "limited": 1, "overloaded": 1, "outcome_unknown": 1, "failed": 3}


def test_who_watches_the_service_is_no_client() -> None:
    assert outcomes(("/readyz", 503, ""), ("/metrics", 503, "overloaded"), ("/healthz", 200, "")) == {}


def test_a_client_that_went_away_was_not_answered() -> None:
    assert outcomes(("/transactions", 0, "overloaded"), ("/transactions", 0, "")) == {}
