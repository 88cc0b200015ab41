"""The alarms of each drain, of the worker that takes in files, and of what runs the warehouse."""

from collections.abc import Iterator
from typing import Final

from operations.alarms.alarm import Alarm, minutes, within
from operations.alarms.expressions import AwsMetric, OfRetention, OwnMetric, Placeholder, Statistic, Total
from operations.runbook import drain_entries as entry
from operations.runbook import store_entries
from operations.runbook.runbook_entry import RunbookEntry

LAG_S_MAX: Final = {"index": 60.0, "archive": 120.0, "score": 120.0}
"""By drain: those of `txn_core.drains`, which a test compares, since this table needs no library. From the same
values on, a finding of the report is critical."""
DEAD_LETTER_REASONS: Final = ("undecodable", "unwritable", "conflict")
"""Those of `workers.events.reasons`, likewise."""
RETENTION_SHARE_MAX: Final = 0.25

_LEASE_TABLES: Final[dict[str, Placeholder]] = {
    "index": "IndexLeases",
    "archive": "ArchiveLeases",
    "score": "ScoreLeases",
}


def service_of(drain: str) -> str:
    """The kind of process of a drain."""
    return f"worker-{drain}"


def of_drains() -> Iterator[Alarm]:
    """What is watched of every drain, and once of the stream that they read."""
    for drain in LAG_S_MAX:
        yield from _pages(drain)
        yield from _tickets(drain)
    yield Alarm(
        "iterator_age",
        "page",
        entry.ITERATOR_AGE,
        "A reader of the stream is more than a quarter of its retention behind.",
        OfRetention(
            AwsMetric("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "Maximum", (("StreamName", "Stream"),))
        ),
        RETENTION_SHARE_MAX,
        minutes(5),
    )
    for reason in DEAD_LETTER_REASONS:
        yield Alarm(
            f"dead_letters_{reason}",
            "ticket",
            entry.DEAD_LETTERS,
            f"Dead letters were written: {reason}.",
            Total(tuple(_metric(drain, "dead_letters_total", "Sum", ("reason", reason)) for drain in LAG_S_MAX)),
            0,
            within(5),
            services=tuple(map(service_of, LAG_S_MAX)),
        )


def of_score() -> Iterator[Alarm]:
    """What is watched of the scorer besides."""
    services = (service_of("score"),)
    refused = _metric("score", "wanted_refused", "Maximum")
    summary = "A model or rules that are wanted are refused."
    yield Alarm("score_wanted_refused", "ticket", entry.MODELS_REFUSED, summary, refused, 0, minutes(5), services)
    fallbacks, summary = _metric("score", "fallbacks_total", "Sum"), "Records were scored by no model."
    yield Alarm("score_fallbacks", "ticket", entry.MODELS_REFUSED, summary, fallbacks, 0, minutes(3, of=5), services)


def of_files_and_warehouse() -> Iterator[Alarm]:
    """What is watched of clients' files, and of the warehouse."""
    yield Alarm(
        "files_waiting",
        "ticket",
        store_entries.FILES_WAITING,
        "A client's file has waited for an hour.",
        OwnMetric("txn_ingest_oldest_file_seconds", "Maximum", "worker-ingest"),
        3600,
        minutes(5),
        services=("worker-ingest",),
    )
    yield Alarm(
        "warehouse_failing",
        "ticket",
        store_entries.WAREHOUSE_FAILING,
        "Three runs of the warehouse in a row have failed.",
        OwnMetric("txn_warehouse_failures_in_a_row", "Maximum", "warehouse"),
        2,
        minutes(5),
        services=("warehouse",),
    )


def _pages(drain: str) -> Iterator[Alarm]:
    services = (service_of(drain),)
    runbook = entry.INDEX_LAG if drain == "index" else entry.DRAIN_LAG
    lag, summary = _metric(drain, "lag_seconds", "Maximum"), f"The {drain} is behind the stream."
    yield Alarm(f"{drain}_lag", "page", runbook, summary, lag, LAG_S_MAX[drain], minutes(5), services)
    watched: tuple[tuple[str, RunbookEntry, str, OwnMetric], ...] = (
        (
            "retention_losses",
            entry.RETENTION_LOSSES,
            f"The stream lost what the {drain} had not read.",
            _metric(drain, "retention_losses_total", "Sum"),
        ),
        (
            "shards_stuck",
            entry.SHARDS_STUCK,
            f"A shard of the {drain} makes no progress.",
            _metric(drain, "shards_stuck", "Maximum"),
        ),
        (
            "foreign_leases",
            entry.FOREIGN_LEASES,
            f"The {drain} reads nothing: its leases are of another stream.",
            _metric(drain, "foreign_leases", "Maximum"),
        ),
    )
    for name, runbook, summary, metric in watched:
        when = within(5) if metric.statistic == "Sum" else minutes(5)
        yield Alarm(f"{drain}_{name}", "page", runbook, summary, metric, 0, when, services)
    throttled = Total(tuple(_of_lease_table(drain, name) for name in ("ReadThrottleEvents", "WriteThrottleEvents")))
    runbook, summary = store_entries.LEASES_THROTTLED, f"The table of the {drain}'s leases throttles."
    yield Alarm(f"{drain}_leases_throttled", "page", runbook, summary, throttled, 0, minutes(3, of=5), services)


def _tickets(drain: str) -> Iterator[Alarm]:
    services = (service_of(drain),)
    stolen = _metric(drain, "leases_stolen_total", "Sum")
    summary = f"Workers of the {drain} stand still or die."
    yield Alarm(f"{drain}_stolen_leases", "ticket", entry.STOLEN_LEASES, summary, stolen, 2, within(10), services)
    limited = _metric(drain, "reads_limited", "Maximum")
    summary = f"A limit of the shards slows the {drain} down."
    yield Alarm(
        f"{drain}_reads_limited", "ticket", entry.READS_LIMITED, summary, limited, 0, minutes(10, of=15), services
    )


def _metric(drain: str, name: str, statistic: Statistic, label: tuple[str, str] | None = None) -> OwnMetric:
    return OwnMetric(f"txn_{drain}_{name}", statistic, service_of(drain), label)


def _of_lease_table(drain: str, name: str) -> AwsMetric:
    return AwsMetric("AWS/DynamoDB", name, "Sum", (("TableName", _LEASE_TABLES[drain]),))
