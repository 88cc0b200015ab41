"""Whether a run has seen what it is to see: nothing found proves something only if everything was provoked.

A search of places that are empty, of answers that are all 401, or of logs without a crash would find nothing either.
"""

import signal
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.canary.evidence import Evidence
from tests.canary.probes import HEADERS, MORE_HEADERS
from txn_api.problems import PROBLEMS
from txn_core import drains
from txn_core.tracing.span_table import SpanName

NOT_PROVOKED: Final[Mapping[str, str]] = {
    "not_configured": "the API of a local stack has a bucket and a dead-letter key",
    "relations_not_kept": "the index of a new stack keeps relations",
}
"""Codes of problems that no run can bring about, each with its reason."""
ANSWERED: Final = frozenset(
    {
        *("retry-after", "www-authenticate", "allow", "location", "idempotent-replayed", "ratelimit"),
        *("ratelimit-policy", "etag", "link", "x-next-cursor", "x-request-id", "traceresponse", "vary"),
        "accept-encoding",
    }
)
"""Headers of answers whose values depend on the request or on who sent it."""
MEDIA_TYPES: Final = frozenset(
    {
        *("application/json", "application/problem+json", "application/x-ndjson"),
        *("text/csv", "text/plain", "text/html", "text/event-stream"),
    }
)
STATUSES: Final = frozenset({200, 202, 204, 304})
"""Answers of success; those of failure are known by their codes."""
PLACES: Final = frozenset(
    {
        *("answer head", "answer body", "log line", "trace", "span", "exported spans", "metric"),
        "command line and environment",
        *("output of commands", "stream payload", "partition key", "object", "object name and metadata"),
        *("parquet cell", "parquet schema", "opened dead letter", "table item", "file", "place for core dumps"),
    }
)
"""But for the files of temporaries: no process writes any."""
TABLES: Final = frozenset(
    {"txn-transactions", "txn-merchants", "txn-api-keys", "txn-idempotency"}
    | {f"txn-{what}" for what in ("scores", "score-counts", "alerts", "cases", "labels", "card-state")}
    | {f"txn-{worker}-{what}" for worker in drains.names() for what in ("leases", "ledger")}
)
FOLDERS: Final = frozenset({"raw", "scores", "registry", "dead-letters"})
"""Of the lake's bucket."""
STREAMS: Final = frozenset({"txn-transactions", "txn-alerts"})
PAGES: Final = (
    *("GET /", "GET /docs", "GET /docs/{name}", "GET /page/{name}", "GET /openapi.json"),
    *("GET /problems", "GET /problems/{code}", "GET /runbook", "GET /runbook/{name}"),
)
"""What the API serves beside its document's operations."""
FATAL: Final = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGKILL, signal.SIGTERM)
"""The ends of the API: three crashes, as many as its supervisor forgives with one to spare, and two kills."""
CRASHES: Final = frozenset(
    {
        *(f"{number.name} to api" for number in FATAL),
        *("SIGKILL to worker ingest", "SIGKILL to ingest"),
        *("SIGABRT to index", "SIGSEGV to archive", "SIGABRT to score"),
        *(f"SIGKILL to {worker}" for worker in drains.names()),
        *(f"{server} {state}" for server in ("kinesis", "dynamodb", "s3") for state in ("frozen", "gone")),
    }
)
REPORTS_LEAST: Final[Mapping[str, int]] = {
    "Fatal Python error": 5,
    "request_failed": 5,
    "Exception in callback": 5,
    "Task exception was never retrieved": 5,
    "thread_failed": 5,
}
"""How many crash reports of a kind the logs hold at least: one a fatal signal that can be reported, and five whole
requests that fail, each with a callback, a task and a thread that fail beside it."""


def routes_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    """What an API serves, those without parameters first, as its router has it."""
    operations = (f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods)
    return tuple(sorted({*operations, *PAGES}, key=lambda route: ("{" in route, route)))


def gaps(evidence: Evidence) -> Iterator[str]:
    """What is missing of a run, a line each."""
    known = frozenset(problem.code for problem in PROBLEMS)
    yield from _missing("problem", known - set(NOT_PROVOKED), set(evidence.codes))
    yield from (f"problem {code} is provoked: it is no exception" for code in set(NOT_PROVOKED) & set(evidence.codes))
    yield from (f"problem {code} is not one of the hierarchy" for code in set(evidence.codes) - known)
    routes = routes_of(evidence.document)
    yield from _missing("route", frozenset(routes), set(evidence.routes_of(routes)))
    sent = {name for name, count in evidence.sent_headers.items() if count}
    yield from _missing("number in header", frozenset(map(str.lower, HEADERS + MORE_HEADERS)), sent)
    yield from _missing("header", ANSWERED, evidence.headers)
    yield from _missing("media type", MEDIA_TYPES, evidence.media_types)
    yield from _missing("status", STATUSES, set(evidence.statuses))
    yield from _missing("crash", CRASHES, set(evidence.crashes))
    yield from _missing("place", PLACES, {kind for kind, count in evidence.searched.items() if count})
    yield from _missing("items of table", TABLES, set(evidence.tables))
    yield from _missing("objects of folder", FOLDERS, set(evidence.folders))
    yield from _missing("records of stream", STREAMS, set(evidence.streams))
    yield from _missing("span", frozenset(name.value for name in SpanName), set(evidence.spans))
    for report, least in REPORTS_LEAST.items():
        if (written := evidence.reports.get(report, 0)) < least:
            yield f"crash report {report}: {written} written, {least} expected"
    if not evidence.foreign_letters:
        yield "no foreign number is under the seal of a dead letter"
    yield from (f"a planted number was not found: {place}" for place in evidence.unseen)
    yield from (f"warehouse: {what}" for what in evidence.amiss)


def _missing(what: str, expected: frozenset[str] | frozenset[int], seen: set[str] | set[int]) -> Iterator[str]:
    yield from (f"{what} {each} was not seen" for each in sorted(expected - set(seen), key=str))
