"""Whether a run has seen what it is to see: nothing found proves something only if everything was provoked.

A search of places that are empty, of answers that are all 401, or of logs without a crash would find nothing either.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from tests.canary.evidence import Evidence
from txn_api.problems import PROBLEMS

NOT_PROVOKED: Final[Mapping[str, str]] = {}
"""Codes of problems that no run can bring about, each with its reason."""
HEADERS: Final = frozenset(
    {
        *("retry-after", "www-authenticate", "allow", "location", "idempotent-replayed", "ratelimit"),
        *("ratelimit-policy", "etag", "link", "x-next-cursor", "x-request-id", "traceresponse", "vary"),
        "accept-encoding",
    }
)
"""Headers of answers whose values depend on the request or on who sent it."""
MEDIA_TYPES: Final = frozenset(
    {"application/json", "application/problem+json", "application/x-ndjson", "text/csv", "text/plain", "text/html"}
)
STATUSES: Final = frozenset({200, 202, 304})
"""Answers of success; those of failure are known by their codes."""
PLACES: Final = frozenset(
    {
        *("answer head", "answer body", "log line", "metric", "command line and environment", "output of commands"),
        *("stream payload", "partition key", "object", "object name and metadata", "parquet cell", "parquet schema"),
        *("table item", "file", "file of temporaries", "place for core dumps"),
    }
)
TABLES: Final = frozenset(
    {"txn-transactions", "txn-merchants", "txn-api-keys", "txn-idempotency"}
    | {f"txn-{worker}-{what}" for worker in ("index", "archive") for what in ("leases", "ledger")}
)
REPORTS_LEAST: Final[Mapping[str, int]] = {
    "Fatal Python error": 3,
    "request failed": 5,
    "Exception in callback": 5,
    "Task exception was never retrieved": 5,
    "thread failed": 5,
}
"""How many crash reports of a kind the logs hold at least: a signal to each process of ours, and five whole requests
that fail, each with a callback, a task and a thread that fail beside it."""


def gaps(evidence: Evidence) -> Iterator[str]:
    """What is missing of a run, a line each."""
    known = frozenset(problem.code for problem in PROBLEMS)
    yield from _missing("problem", known - set(NOT_PROVOKED), set(evidence.codes))
    yield from (f"problem {code} is provoked: it is no exception" for code in set(NOT_PROVOKED) & set(evidence.codes))
    yield from (f"problem {code} is not one of the hierarchy" for code in set(evidence.codes) - known)
    yield from _missing("header", HEADERS, evidence.headers)
    yield from _missing("media type", MEDIA_TYPES, evidence.media_types)
    yield from _missing("status", STATUSES, set(evidence.statuses))
    yield from _missing("place", PLACES, {kind for kind, count in evidence.searched.items() if count})
    yield from _missing("items of table", TABLES, set(evidence.tables))
    for report, least in REPORTS_LEAST.items():
        if (written := evidence.reports.get(report, 0)) < least:
            yield f"crash report {report}: {written} written, {least} expected"


def _missing(what: str, expected: frozenset[str] | frozenset[int], seen: set[str] | set[int]) -> Iterator[str]:
    yield from (f"{what} {each} was not seen" for each in sorted(expected - set(seen), key=str))
