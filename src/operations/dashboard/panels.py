"""What the dashboard shows, row by row, in the terms of the table of alarms. It needs the standard library alone."""

from dataclasses import dataclass
from typing import Final, Literal

from operations.alarms.drain_alarms import LAG_S_MAX, service_of
from operations.alarms.expressions import OwnMetric, Statistic
from operations.alarms.store_alarms import PREFIXES

Unit = Literal["a second", "seconds", "bytes a second", "count"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a panel, or one for each value of a label.

    Attributes:
        legend: what it is called; in front of the label's value where there is one.
        metric: a counter (`Sum`) is shown as a rate a second.
        by: the label. CloudWatch has those alone that are dimensions, and shows all others in one.
    """

    legend: str
    metric: OwnMetric
    by: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture."""

    title: str
    about: str
    unit: Unit
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Panels that belong together."""

    title: str
    panels: tuple[Panel, ...]


def _api(legend: str, name: str, statistic: Statistic, *, by: str = "", route: str = "") -> Line:
    return Line(legend, OwnMetric(name, statistic, "api", ("route", route) if route else None), by)


def _drains(name: str, statistic: Statistic, *, by: str = "") -> tuple[Line, ...]:
    return tuple(
        Line(drain, OwnMetric(f"txn_{drain}_{name}", statistic, service_of(drain)), by) for drain in LAG_S_MAX
    )


def _times(name: str, route: str = "") -> tuple[Line, ...]:
    quantiles: tuple[Statistic, ...] = ("p50", "p99")
    return tuple(_api(quantile, name, quantile, route=route) for quantile in quantiles)


def _all(name: str, *, by: str = "") -> tuple[Line, ...]:
    return tuple(Line(of, OwnMetric(f"{start}_{name}", "Sum", of), by) for of, start in PREFIXES.items())


def _score(name: str, statistic: Statistic, by: str) -> tuple[Line, ...]:
    return (Line("", OwnMetric(f"txn_score_{name}", statistic, service_of("score")), by),)


ROWS: Final = (
    Row(
        "Clients",
        (
            Panel(
                "Answers",
                "By what became of the request. Failed and outcome_unknown are ours, limited is the client's.",
                "a second",
                (_api("", "txn_http_answers_total", "Sum", by="outcome"),),
            ),
            Panel(
                "Time to the answer of /transactions",
                "Posts and look-ups of that path, to the answer's end.",
                "seconds",
                _times("txn_http_request_seconds", "/transactions"),
            ),
            Panel(
                "Requests being answered",
                "Of the busiest process.",
                "count",
                (_api("requests", "txn_http_requests_in_flight", "Maximum"),),
            ),
        ),
    ),
    Row(
        "To the stream",
        (
            Panel(
                "Records",
                "Handed to the producer, and acknowledged by the stream.",
                "a second",
                (
                    _api("received", "txn_user_records_received_total", "Sum"),
                    _api("acknowledged", "txn_user_records_put_total", "Sum"),
                ),
            ),
            Panel(
                "Bytes",
                "Of the Kinesis records that hold them.",
                "bytes a second",
                (_api("acknowledged", "txn_kinesis_records_data_put_bytes_total", "Sum"),),
            ),
            Panel("Time of PutRecords", "What Kinesis itself takes.", "seconds", _times("txn_request_time_seconds")),
            Panel(
                "Throttles",
                "Attempts that a shard refused. The records wait and are sent again.",
                "a second",
                (_api("", "txn_shard_throttles_total", "Sum", by="shard"),),
            ),
            Panel(
                "Busiest shard",
                "Its load over the mean of all, and its pace over its limits.",
                "count",
                (_api("load", "txn_shard_skew", "Maximum"), _api("pace", "txn_shard_rate_share", "Maximum")),
            ),
            Panel(
                "Records on their way",
                "They wait for the stream, in the fullest process.",
                "count",
                (_api("records", "txn_user_records_pending", "Maximum"),),
            ),
        ),
    ),
    Row(
        "Drains",
        (
            Panel("Lag", "Of the shard that is furthest behind.", "seconds", _drains("lag_seconds", "Maximum")),
            Panel("Records made durable", "Positions of the stream.", "a second", _drains("records_total", "Sum")),
            Panel("Time to make a batch durable", "The 99th percentile.", "seconds", _drains("flush_seconds", "p99")),
            Panel(
                "Distance of the last read from the tip",
                "By Kinesis' own account.",
                "seconds",
                _drains("behind_latest_seconds", "Maximum"),
            ),
            Panel(
                "Dead letters", "By drain and reason.", "a second", _drains("dead_letters_total", "Sum", by="reason")
            ),
            Panel("Stuck shards", "Failed, and no further since.", "count", _drains("shards_stuck", "Maximum")),
        ),
    ),
    Row(
        "Scores",
        (
            Panel(
                "Decisions", "Of records that were scored.", "a second", _score("decisions_total", "Sum", "decision")
            ),
            Panel("Scored by no model", "By reason.", "a second", _score("fallbacks_total", "Sum", "reason")),
            Panel(
                "Refused", "1 while what is wanted is refused.", "count", _score("wanted_refused", "Maximum", "kind")
            ),
        ),
    ),
    Row(
        "Stores and logs",
        (
            Panel(
                "Failed calls to AWS",
                "By kind of process and reason.",
                "a second",
                _all("aws_calls_failed_total", by="reason"),
            ),
            Panel(
                "Log lines dropped",
                "Since nobody took them in time.",
                "a second",
                _all("log_lines_dropped_total"),
            ),
            Panel(
                "API keys that do not exist",
                "Unread ones were not even looked up.",
                "a second",
                (_api("", "txn_api_key_misses_total", "Sum", by="outcome"),),
            ),
        ),
    ),
)


def panels() -> tuple[Panel, ...]:
    """All panels, in their order."""
    return tuple(panel for row in ROWS for panel in row.panels)
