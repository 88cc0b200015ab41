"""Whose query goes next: so many at once, so many that wait, and nobody waits for long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

IDLE_PAUSE_S: Final = 0.05


class NoTurnError(Exception):
    """A query got no turn: too many wait, or it waited for too long."""


class Turns:
    """Turns in the order of arrival; `waiting` and `free` count them."""

    def __init__(self, at_once: int, waiting_max: int, wait_s: float) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._waiting_max, self._wait_s = waiting_max, wait_s
        self.waiting = 0
        self.free = at_once

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A turn for the time of the block.

        Raises:
            NoTurnError: there is none.
        """
        await self._wait()
        self.free -= 1
        try:
            yield
        finally:
            self.free += 1
            self._turns.release()

    async def idle(self) -> None:
        """Return when nobody waits and a turn is free."""
        while self.waiting or not self.free:  # noqa: ASYNC110 - others take turns and leave them
            await asyncio.sleep(IDLE_PAUSE_S)

    async def _wait(self) -> None:
        if self._turns.locked() and self.waiting >= self._waiting_max:
            raise NoTurnError
        self.waiting += 1
        try:
            async with asyncio.timeout(self._wait_s):
                await self._turns.acquire()
        except TimeoutError:
            raise NoTurnError from None
        finally:
            self.waiting -= 1
