"""The alarms of the API: what its clients notice, and what its producer says of the stream."""

from collections.abc import Iterator
from typing import Final

from operations.alarms.alarm import Alarm, minutes, within
from operations.alarms.expressions import OwnMetric, Share, Statistic, Total
from operations.runbook import api_entries as entry
from operations.runbook.runbook_entry import ANSWERS_LEAST

API: Final = "api"
ANSWER_OUTCOMES: Final = ("served", "limited", "overloaded", "outcome_unknown", "failed")
"""The values of the label `outcome` of `txn_http_answers_total`; each answer has exactly one."""

_ONLY: Final = (API,)


def of_answers() -> Iterator[Alarm]:
    """What clients notice."""
    failed, refused = _share("failed", "overloaded"), _share("limited", "overloaded")
    soon, later = minutes(3, of=5), minutes(10, of=15)
    summary = "More than 1% of requests fail."
    yield Alarm("api_errors", "page", entry.SERVER_ERRORS, summary, failed, 0.01, soon, _ONLY)
    summary = "More than 0.1% of requests fail."
    yield Alarm("api_some_errors", "ticket", entry.SERVER_ERRORS, summary, failed, 0.001, later, _ONLY)
    summary = "More than 0.1% of answers are outcome_unknown."
    yield Alarm(
        "api_outcome_unknown", "page", entry.OUTCOME_UNKNOWN, summary, _share("outcome_unknown"), 0.001, soon, _ONLY
    )
    summary = "More than 1% of requests are refused for load or limits."
    yield Alarm("api_load_refused", "ticket", entry.LOAD_REFUSED, summary, refused, 0.01, soon, _ONLY)
    summary = "One answer in a hundred takes more than half a second."
    took = _metric("txn_http_request_seconds", "p99", ("route", "/transactions"))
    yield Alarm("api_latency", "ticket", entry.LATENCY, summary, took, 0.5, minutes(5), _ONLY)


def of_producer() -> Iterator[Alarm]:
    """What the producer says of the stream."""
    summary, metric = "Shards throttle writes.", _metric("txn_shard_throttles_total", "Sum")
    yield Alarm("api_write_throttles", "ticket", entry.THROTTLES, summary, metric, 0, minutes(3, of=5), _ONLY)
    summary, metric = "A shard gets more than three times the mean of all.", _metric("txn_shard_skew", "Maximum")
    yield Alarm("api_hot_shard", "ticket", entry.HOT_SHARD, summary, metric, 3, minutes(15), _ONLY)
    summary = "Records land on other shards than they were sent to."
    metric = _metric("txn_user_records_misdirected_total", "Sum")
    yield Alarm("api_stray_landings", "page", entry.STRAY_LANDINGS, summary, metric, 0, minutes(3, of=5), _ONLY)
    yield Alarm(
        "api_aggregation_off",
        "page",
        entry.AGGREGATION_OFF,
        "Records travel one by one: the API does not route by shards.",
        _metric("txn_aggregation_on", "Minimum"),
        1,
        minutes(5),
        _ONLY,
        over=False,
    )


def of_guesses() -> Iterator[Alarm]:
    """What attackers do."""
    unread = ("outcome", "unread")
    yield Alarm(
        "api_key_guesses",
        "ticket",
        entry.KEY_GUESSES,
        "Unknown keys or tokens are presented faster than they are looked up.",
        Total(tuple(_metric(f"txn_api_{kind}_misses_total", "Sum", unread) for kind in ("key", "token"))),
        0,
        within(5),
        _ONLY,
    )
    summary = "Cards of one mask beyond an account's bound were refused."
    refused = _metric("txn_api_cards_of_mask_refused_total", "Sum")
    yield Alarm("api_card_guesses", "ticket", entry.CARD_GUESSES, summary, refused, 0, within(5), _ONLY)


def _share(*outcomes: str) -> Share:
    """The share of all answers that have one of these outcomes."""
    part = Total(tuple(_metric("txn_http_answers_total", "Sum", ("outcome", outcome)) for outcome in outcomes))
    return Share(part, Total((_metric("txn_http_answers_total", "Sum"),)), ANSWERS_LEAST)


def _metric(name: str, statistic: Statistic, label: tuple[str, str] | None = None) -> OwnMetric:
    return OwnMetric(name, statistic, API, label)
