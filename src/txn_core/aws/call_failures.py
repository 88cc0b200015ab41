"""The calls to AWS of this process that failed, by service and kind: what alarms have to tell apart.

Counted where all calls pass (`txn_core.aws.clients`, `txn_core.aws.json_calls`), whoever repeats them. What is usual
is not counted: a condition that was not met, an item that is not there, a concurrent write.

A time limit of the caller's ends a call by cancelling it, as the end of the process does. A call that has lasted
`SILENT_S_MIN` by then counts as one without an answer: otherwise nobody would hear of a store that is silent.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from txn_core.aws.errors import Failure, failure_of, failure_of_code

SERVICES: Final = ("dynamodb", "kinesis", "s3")
DENIED: Final = "denied"
REASONS: Final = (*(f"{service}_{kind}" for service in SERVICES for kind in ("throttled", "failed")), DENIED)
"""`throttled`: too much was asked for. `failed`: a status of 500 or more, or no answer. `denied`: for want of a
right, by whatever service."""
_DENIED_CODES: Final = frozenset(
    {
        *("AccessDenied", "AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException"),
        *("KMSAccessDeniedException", "KMSDisabledException", "KMSInvalidStateException", "KMSNotFoundException"),
        *("KMSOptInRequired", "MissingAuthenticationTokenException", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
    }
)
SILENT_S_MIN: Final = 0.9
"""Longer than a call takes when all is well, and shorter than the time limits of callers, which begin at 1 s."""

_counts: Final = dict.fromkeys(REASONS, 0)


def note_answer(service: str, code: str, status: int) -> None:
    """Count a call that was answered by an error code, under an HTTP status."""
    failure = failure_of_code(code, status)
    if failure is Failure.THROTTLED:
        _count(f"{service}_throttled")
    elif status >= 500:
        _count(f"{service}_failed")
    elif status == 403 or code in _DENIED_CODES:
        _count(DENIED)


def note_error(service: str, error: Exception) -> None:
    """Count a call that was not answered."""
    if failure_of(error) is Failure.PASSING:
        _count(f"{service}_failed")


class SilenceNoted:
    """Count the call in the block if it is cancelled when it has lasted `SILENT_S_MIN`.

    Each small call to AWS pays for it, and for a generator it would pay several times as much.
    """

    __slots__ = ("_began_s", "_service")

    def __init__(self, service: str) -> None:
        self._service, self._began_s = service, 0.0

    def __enter__(self) -> None:
        self._began_s = asyncio.get_running_loop().time()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or not issubclass(kind, asyncio.CancelledError):
            return
        if asyncio.get_running_loop().time() - self._began_s >= SILENT_S_MIN:
            _count(f"{self._service}_failed")


def count_silences(client: Any, service: str) -> None:
    """Have the calls of a client counted that are cancelled, for which it has no event."""
    make_request = client._make_request  # noqa: SLF001 - where the events of failed calls come from

    async def counted(*call: Any) -> Any:
        with SilenceNoted(service):
            return await make_request(*call)

    client._make_request = counted  # noqa: SLF001 - the same


def count_failures(events: Any) -> None:
    """Have the clients of a session counted, by the events that each of its calls ends with."""
    events.register("after-call", _after_call)
    events.register("after-call-error", _after_call_error)


class CallFailureMetrics(Collector):
    """The counts of this process, under names of its kind."""

    def __init__(self, registry: CollectorRegistry, prefix: str) -> None:
        self._prefix = prefix
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """The present counts, each there from the start, so that it is seen to rise."""
        failed = CounterMetricFamily(
            f"{self._prefix}_aws_calls_failed", "Calls to AWS that failed", labels=["reason"]
        )
        for reason, count in _counts.items():
            failed.add_metric([reason], count)
        yield failed


def _after_call(http_response: Any, parsed: Any, event_name: str, **_: object) -> None:
    if http_response.status_code >= 300:
        note_answer(_service(event_name), str(parsed.get("Error", {}).get("Code", "")), http_response.status_code)


def _after_call_error(exception: Exception, event_name: str, **_: object) -> None:
    note_error(_service(event_name), exception)


def _service(event_name: str) -> str:
    """The service of an event such as `after-call.dynamodb.PutItem`."""
    return event_name.split(".")[1]


def _count(reason: str) -> None:
    if reason in _counts:
        _counts[reason] += 1
