"""Calls to the lake's bucket, repeated a few times: a command ends in a longer outage, and its next run goes on."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from txn_core.aws.errors import code_of, is_passing

T = TypeVar("T")

ATTEMPTS_MAX: Final = 6
PAUSE_S_MAX: Final = 5.0

_log = structlog.get_logger(__name__)


async def in_a_few_attempts(what: str, call: Callable[[], Awaitable[T]], /) -> T:
    """The answer of a call that is safe to repeat (`txn_core.aws.retry.Retry`).

    Raises:
        Exception: the last error of the call, when it does not pass by itself or not in time.
    """

    def told(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, Exception):
            _log.warning("outage", call=what, error=code_of(error), failures=state.attempt_number)

    attempts = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, Exception) and is_passing(error)),
        stop=stop_after_attempt(ATTEMPTS_MAX),
        wait=wait_exponential_jitter(multiplier=0.1, max=PAUSE_S_MAX),
        before_sleep=told,
        reraise=True,
    )
    return await attempts(call)
