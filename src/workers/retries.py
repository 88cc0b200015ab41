"""Outages of Kinesis, DynamoDB and S3: which errors pass by themselves, and waiting for them to pass.

A worker outlives any outage: it repeats what is safe to repeat, for ever, with pauses that grow to a bound, and
says so in its log. What is no outage (a refused parameter, a missing table, a bug) is raised, and said loudly.
"""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog
from botocore.exceptions import ClientError, CredentialRetrievalError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

T = TypeVar("T")

ATTEMPT_S_MAX: Final = 60.0
PAUSE_FIRST_S: Final = 0.1
PAUSE_S_MAX: Final = 5.0

_PASSING: Final = (
    BotoConnectionError,
    HTTPClientError,
    CredentialRetrievalError,
    ResponseParserError,  # an answer that was cut off
    OSError,  # of which TimeoutError is one
)
_PASSING_STATUS: Final = frozenset({408, 409, 429})
_PASSING_CODES: Final = frozenset(
    {
        *("ProvisionedThroughputExceededException", "ThrottlingException", "Throttling", "RequestLimitExceeded"),
        *("LimitExceededException", "KMSThrottlingException", "TooManyRequestsException", "SlowDown"),
        *("RequestTimeout", "ExpiredToken", "ExpiredTokenException", "TransactionConflictException"),
    }
)

_log = structlog.get_logger(__name__)


def is_passing(error: Exception) -> bool:
    """Whether the same call may succeed later: throttles, 5xx, timeouts, connection errors, concurrent writes."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or status in _PASSING_STATUS or code_of(error) in _PASSING_CODES
    return isinstance(error, _PASSING)


def code_of(error: Exception) -> str:
    """What may be logged of an error: the service's code, or the error's type."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "unknown"))
    return type(error).__name__


def pause_s(failures: int) -> float:
    """The pause after so many failures in a row: doubling to a bound, half of it at random."""
    longest = min(PAUSE_S_MAX, PAUSE_FIRST_S * 2.0 ** min(failures - 1, 16))
    return longest * (0.5 + 0.5 * random.random())  # noqa: S311 - jitter is no secret


async def patiently(what: str, call: Callable[[], Awaitable[T]], *, patience_s: float = math.inf) -> T:
    """The answer of a call that is safe to repeat, through however long an outage.

    `what` names it in the log. Any error that does not pass by itself is raised, and after `patience_s` seconds also
    one that does.
    """
    clock = asyncio.get_running_loop().time
    failures, began = 0, clock()
    while True:
        try:
            async with asyncio.timeout(ATTEMPT_S_MAX):
                answer = await call()
        except Exception as error:
            if not is_passing(error) or clock() - began > patience_s:
                raise
            failures += 1
            _log.warning("outage", call=what, error=code_of(error), failures=failures)
            await asyncio.sleep(pause_s(failures))
        else:
            if failures:
                _log.warning("outage_over", call=what, failures=failures)
            return answer
