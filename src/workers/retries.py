"""Outages of Kinesis, DynamoDB and S3: waiting for what passes by itself (`txn_core.aws.errors`).

A call that is safe to repeat is repeated with pauses that grow to a bound, and the log says so. How long, the host of
the work decides: a worker process outlives any outage, a host that has a deadline hands in a `Patience` that ends.
What is no outage (a refused parameter, a missing table, a bug) is raised at once.
"""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Self, TypeVar

import structlog

from txn_core.aws.errors import code_of, is_passing
from txn_core.exceptions import OutageError

T = TypeVar("T")

ATTEMPT_S_MAX: Final = 60.0
PAUSE_FIRST_S: Final = 0.1
PAUSE_S_MAX: Final = 3.0  # so that a worker goes on within five seconds of an outage

_log = structlog.get_logger(__name__)


def pause_s(failures: int) -> float:
    """The pause after so many failures in a row: doubling to a bound, half of it at random."""
    longest = min(PAUSE_S_MAX, PAUSE_FIRST_S * 2.0 ** min(failures - 1, 16))
    return longest * (0.5 + 0.5 * random.random())  # noqa: S311 - jitter is no secret


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a process waits for outages to pass.

    A host hands one to everything that its drain does. `ends_at_s` gives the end by the clock of the event loop. Each
    attempt asks for it, so that a host may give every delivery a deadline of its own. `cuts_off` says whether an
    attempt that is under way is cut off at the end; if not, it may still succeed, and is the last one.
    """

    ends_at_s: Callable[[], float]
    cuts_off: bool = True

    @classmethod
    def lasting(cls, seconds: float, *, cuts_off: bool = True) -> Self:
        """Patience that ends some seconds from now."""
        end_s = asyncio.get_running_loop().time() + seconds
        return cls(lambda: end_s, cuts_off)

    def attempt_s(self, longest_s: float) -> float:
        """How long the next attempt may take."""
        return min(longest_s, self.left_s()) if self.cuts_off else longest_s

    def left_s(self) -> float:
        """The seconds until it ends: none or less when it has ended, infinite when it has no end."""
        return self.ends_at_s() - asyncio.get_running_loop().time()

    async def pause(self, what: str, error: Exception, failures: int) -> None:
        """Log that a call has failed that many times in a row, and return when it may be tried again.

        Raises:
            OutageError: the patience has ended. It names the call and comes from `error`.
        """
        _log.warning("outage", call=what, error=code_of(error), failures=failures)
        wait_s, left_s = pause_s(failures), self.left_s()
        await asyncio.sleep(min(wait_s, left_s))
        if left_s <= wait_s:
            raise OutageError(f"{what}: no answer in time after {failures} failures: {code_of(error)}") from error


UNLIMITED: Final = Patience(lambda: math.inf)
"""For processes that may wait for as long as an outage lasts."""


async def retry_outages(what: str, call: Callable[[], Awaitable[T]], *, until: Patience = UNLIMITED) -> T:
    """The answer of a call that is safe to repeat, through an outage of any length, or until the patience ends.

    `what` names the call in the log and in the error. Any error that does not pass by itself is raised at once.

    Raises:
        OutageError: the patience ended first.
    """
    failures = 0
    while True:
        try:
            async with asyncio.timeout(until.attempt_s(ATTEMPT_S_MAX)):
                answer = await call()
        except Exception as error:
            if not is_passing(error):
                raise
            failures += 1
            await until.pause(what, error, failures)
        else:
            if failures:
                _log.warning("outage_over", call=what, failures=failures)
            return answer
