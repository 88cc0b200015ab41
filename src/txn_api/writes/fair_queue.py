"""What waits for this process's time, the accounts' things by the time that each account has had.

Start-time fair queueing (Goyal, Vin and Cheng, 1996): the next thing is of the account that has had least time since
others began to wait, so an account with dear things has fewer of them done, not more time. An account whose thing
took longer than its turn, because nothing can be done in the middle of it, rests afterwards, so that others meet a
free event loop most of the time.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Final, Generic, TypeVar

REST_RATIO: Final = 3
"""An account rests so many times as long as its thing went on beyond its turn: such things get a quarter of the time
at most."""
REST_S_MAX: Final = 1.0

Thing = TypeVar("Thing")


class FairQueue(Generic[Thing]):
    """Waiting things by account, each account's in the order in which they came."""

    __slots__ = ("_had_s", "_length", "_lined_up", "_now_s", "_numbers", "_order", "_resting", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Thing]] = {}
        self._had_s: dict[str, float] = {}
        self._order: list[tuple[float, int, str]] = []  # a heap; an account's time may have grown since
        self._lined_up: set[str] = set()  # the accounts in it
        self._now_s = 0.0  # what the account had that went last
        self._numbers = count()
        self._resting: dict[str, asyncio.TimerHandle | None] = {}  # until a timer ends it, or `release` does
        self._length = 0

    def __len__(self) -> int:
        """Things that wait, those of resting accounts among them."""
        return self._length

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and no account rests."""
        return not (self._length or self._resting)

    def put(self, account: str, thing: Thing) -> None:
        """Let a thing wait behind the others of its account."""
        self._length += 1
        waiting = self._waiting.get(account)
        if waiting is not None:
            waiting.append(thing)
            return
        self._waiting[account] = deque((thing,))
        # Who had nothing to do has saved up no time.
        self._had_s[account] = max(self._had_s.get(account, 0.0), self._now_s)
        if account not in self._resting:
            self._line_up(account)

    def put_back(self, account: str, thing: Thing) -> None:
        """Let a thing that was taken wait before the others of its account again."""
        self.put(account, thing)
        self._waiting[account].rotate()

    def pop(self) -> tuple[str, Thing] | None:
        """The next account and its thing; None when no account waits that does not rest."""
        if len(self._waiting) == 1 and not self._resting:
            return self._pop_of_the_only_one()
        while self._order:
            had_s, _, account = heappop(self._order)
            self._lined_up.discard(account)
            if account in self._resting:
                continue
            if self._had_s[account] > had_s:
                self._line_up(account)
                continue
            self._now_s = had_s
            return account, self._take(account)
        return None

    def _pop_of_the_only_one(self) -> tuple[str, Thing]:
        """The same of an account that waits alone and stays lined up: most that are busy are alone."""
        ((account, waiting),) = self._waiting.items()
        self._now_s = self._had_s[account]
        self._length -= 1
        thing = waiting.popleft()
        if not waiting:
            self._end_waiting(account)
        return account, thing

    def _take(self, account: str) -> Thing:
        waiting = self._waiting[account]
        thing = waiting.popleft()
        self._length -= 1
        if waiting:
            self._line_up(account)
        else:
            self._end_waiting(account)
        return thing

    def _end_waiting(self, account: str) -> None:
        """What accounts had counts only as long as somebody waits."""
        del self._waiting[account]
        if not self._waiting:
            self._had_s.clear()
            self._order.clear()
            self._lined_up.clear()
            self._now_s = 0.0

    def charge(self, account: str, seconds: float) -> None:
        """Say how long a thing of an account took."""
        self._had_s[account] = max(self._had_s.get(account, 0.0), self._now_s) + seconds

    def rest(self, account: str, over_s: float, then: Callable[[], None]) -> None:
        """Let an account rest whose thing took so much longer than a turn; afterwards call `then`."""
        if account in self._resting:
            return
        seconds = min(REST_RATIO * over_s, REST_S_MAX)
        loop = asyncio.get_running_loop()
        self._resting[account] = loop.call_later(seconds, self._end_rest, account, then)

    def hold(self, account: str) -> None:
        """Take nothing more of an account, whose last thing is waited for, until `release`."""
        if (timer := self._resting.get(account)) is not None:
            timer.cancel()
        self._resting[account] = None

    def release(self, account: str) -> None:
        """Let the account that was held go on."""
        del self._resting[account]
        if account in self._waiting:
            self._line_up(account)

    def _end_rest(self, account: str, then: Callable[[], None]) -> None:
        self.release(account)
        then()

    def _line_up(self, account: str) -> None:
        if account in self._lined_up:
            return
        self._lined_up.add(account)
        heappush(self._order, (self._had_s[account], next(self._numbers), account))
