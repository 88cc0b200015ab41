"""The calls to AWS of this process that failed, by service and kind: what alarms have to tell apart.

Counted where all calls pass (`txn_core.aws.clients`, `txn_core.aws.json_calls`), whoever repeats them. What is usual
is not counted: a condition that was not met, an item that is not there, a concurrent write.
"""

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
