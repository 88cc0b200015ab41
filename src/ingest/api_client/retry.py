"""How often and after what pauses something is tried again when the service cannot answer now."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar, cast

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exception, wait_exponential, wait_random_exponential

from ingest.api_client.replies import UnavailableError

T = TypeVar("T")

RETRY_AFTER_S_MAX: Final = 60.0
PAUSE_FIRST_S: Final = 0.25
PAUSE_S_MAX: Final = 8.0

# What the server asks for (`Retry-After`) is the least. What is added doubles to a bound, half of it at random.
_PAUSES: Final = (
    wait_exception(lambda error: min(RETRY_AFTER_S_MAX, cast("UnavailableError", error).retry_after_s or 0.0))
    + wait_exponential(PAUSE_FIRST_S / 2, PAUSE_S_MAX / 2)
    + wait_random_exponential(PAUSE_FIRST_S / 2, PAUSE_S_MAX / 2)
)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Bounds on trying again: about a minute in all, enough for a service that is being restarted."""

    attempts_max: int = 12
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    notice: Callable[[str], None] = lambda _: None

    async def attempt(self, call: Callable[[], Awaitable[T]]) -> T:
        """The answer of a call that is safe to repeat.

        Raises:
            UnavailableError: the service could not answer at any of the last `attempts_max` attempts.
        """

        async def once() -> T:
            return await call()

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(UnavailableError),
            stop=stop_after_attempt(self.attempts_max),
            wait=_PAUSES,
            sleep=self.pause,
            after=_count_anew,
            before_sleep=self._tell,
            reraise=True,
        )
        return await retrying(once)

    def _tell(self, state: RetryCallState) -> None:
        pause_s, failures = state.upcoming_sleep, state.attempt_number
        self.notice(f"{_error(state)}; trying again in {pause_s:.1f} s ({failures} of {self.attempts_max})")


def _count_anew(state: RetryCallState) -> None:
    """An attempt that settled a part of what was asked for is the first failure again."""
    if _error(state).made_progress:
        state.attempt_number = 1


def _error(state: RetryCallState) -> UnavailableError:
    """The error of the attempt that has just failed."""
    return cast("UnavailableError", state.outcome.exception() if state.outcome is not None else None)
