"""How often and after what pauses something is tried again when the service cannot answer now."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from txn_cli.answers import UnavailableError

T = TypeVar("T")
Pause = Callable[[float], Awaitable[object]]
Notice = Callable[[str], None]

RETRY_AFTER_S_MAX: Final = 60.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Bounds on trying again: about a minute in all, enough for a service that is being restarted."""

    attempts_max: int = 12
    pause_first_s: float = 0.25
    pause_s_max: float = 8.0
    pause: Pause = asyncio.sleep
    notice: Notice = lambda _: None

    def pause_s(self, failures: int, retry_after_s: float | None, jitter: float) -> float:
        """The pause after so many failures in a row: doubling, bounded, half of it at random (`jitter`, 0 to 1).

        What the server asks for (`Retry-After`) is the least, up to a minute.
        """
        doubled = min(self.pause_s_max, self.pause_first_s * 2.0 ** min(failures - 1, 16))
        asked = min(RETRY_AFTER_S_MAX, retry_after_s or 0.0)
        return asked + doubled * (0.5 + 0.5 * jitter)

    async def wait(self, failures: int, error: UnavailableError) -> None:
        """Wait before the next attempt, or give up.

        Raises:
            UnavailableError: the one that is given, when so many attempts have failed.
        """
        if failures >= self.attempts_max:
            raise error
        pause_s = self.pause_s(failures, error.retry_after_s, random.random())  # noqa: S311 - jitter is no secret
        self.notice(f"{error}; trying again in {pause_s:.1f} s ({failures} of {self.attempts_max})")
        await self.pause(pause_s)

    async def attempt(self, call: Callable[[], Awaitable[T]]) -> T:
        """The answer of a call that is safe to repeat.

        Raises:
            UnavailableError: the service could not answer at any attempt.
        """
        failures = 0
        while True:
            try:
                return await call()
            except UnavailableError as error:
                failures += 1
                await self.wait(failures, error)
