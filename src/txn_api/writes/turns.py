"""Turns of the event loop for work that comes in rows, such as uploads and large pages, of which one goes at a time.

An upload that only let others go between two rows would still hold them up by as many rows as there are uploads: each
has one in every turn of the loop. Here all of the process share: a turn has one row of one of them, and ends when its
time is used up. Next is the account that has had least time (`fair_queue.py`), and of an account whoever asked first.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from txn_api.writes.fair_queue import FairQueue

TURN_S: Final = 0.002
"""A turn's time: some thirty usual lines on the machine of the benchmarks."""
REST_FROM_S: Final = 2 * TURN_S
"""A turn that took so long was one of dear work that cannot be left in the middle; its account rests."""

Clock = Callable[[], float]


@dataclass(slots=True)
class Turn:
    """A turn that somebody has."""

    clock: Clock
    ends_at: float
    """What the clock shows when the turn's time is used up."""


class Turns:
    """Belongs to the running event loop."""

    def __init__(self, clock: Clock | None = None, cpu_clock: Clock | None = None) -> None:
        """The second clock, this thread's CPU time unless given, says what a turn took."""
        self._clock = clock or time.perf_counter
        self._cpu_clock = cpu_clock or time.thread_time
        self._waiting: FairQueue[asyncio.Future[None]] = FairQueue()
        self._due = False
        self._account: str | None = None  # whose turn it is
        self._began_s: float | None = None

    async def turn(self, account: str) -> Turn:
        """Wait for a turn of the event loop that nobody else has from here."""
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put(account, mine)
        self._give_soon()
        await mine
        self._began_s = self._cpu_clock()
        return Turn(self._clock, self._clock() + TURN_S)

    def _give_soon(self) -> None:
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._give)

    def _give(self) -> None:
        """Let the next one go who still waits; the one behind it goes a turn later."""
        self._due = False
        self._end_turn()
        while (entry := self._waiting.pop()) is not None:
            account, mine = entry
            if not mine.done():  # a cancelled one has no use for it
                self._account = account
                mine.set_result(None)
                # Right behind whoever goes now, so that it sees when he has done what he does at once.
                self._give_soon()
                return

    def _end_turn(self) -> None:
        account, began_s = self._account, self._began_s
        self._account = self._began_s = None
        if account is None or began_s is None:
            return
        took_s = self._cpu_clock() - began_s
        self._waiting.charge(account, took_s)
        if took_s > REST_FROM_S:
            self._waiting.rest(account, took_s - TURN_S, self._give_soon)
