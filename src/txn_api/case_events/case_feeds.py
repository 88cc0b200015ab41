"""The feeds of all accounts that somebody listens to: who may listen, and when the table is looked at."""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from txn_api.case_events.case_feed import CaseFeed
from txn_api.problems import Overloaded, StoreUnavailable, TooManyConcurrent
from txn_api.stores import store_reads
from txn_core.dynamodb.review.active_cases import ActiveCases
from txn_core.dynamodb.review.cases import CaseTable
from txn_core.exceptions import StoreError
from txn_core.transactions.identity import Account
from txn_core.transactions.instants import Instant, now

LISTENERS_MAX: Final = 256
"""In a process. A listener holds a connection and a task, and no place among the requests under way."""
LISTENERS_OF_KEY_MAX: Final = 16
"""Whoever closes a connection counts until the next heartbeat finds that out (`docs/http.md`, half-closed ones)."""
LOOK_EVERY_S: Final = 2.0
FAILED_LOOKS_MAX: Final = 3
"""In a row; then nobody is told any longer that this is live."""
KEPT_S: Final = 300.0
"""How long a feed that nobody listens to is kept, so that a listener who comes back misses nothing."""
IDLE_FEEDS_MAX: Final = 64


class CaseFeeds:
    """Gives listeners the feed of their account, and looks at the table while there are listeners."""

    def __init__(self, active: ActiveCases, cases: CaseTable, clock: Callable[[], Instant] = now) -> None:
        self._active, self._cases, self._clock = active, cases, clock
        self._listeners = Counter[str]()
        self._idle = OrderedDict[Account, tuple[CaseFeed, float]]()
        self._watched: dict[Account, _Watched] = {}

    @asynccontextmanager
    async def listening(self, account: Account, actor: str, wake: asyncio.Event) -> AsyncIterator[CaseFeed]:
        """The feed of an account, which has been looked at just now; `wake` is set when there is something to tell.

        Raises:
            Overloaded: as many as may be listen.
            TooManyConcurrent: as many of this actor's as may be listen.
            StoreUnavailable: the table could not be looked at.
        """
        self._count_in(actor)
        try:
            watched = self._watched_of(account)
            watched.feed.add(wake)
            try:
                await watched.begin()
                yield watched.feed
            finally:
                watched.feed.remove(wake)
                if watched.feed.listeners == 0:
                    self._rest(account, watched)
        finally:
            self._listeners[actor] -= 1
            if not self._listeners[actor]:
                del self._listeners[actor]

    def _count_in(self, actor: str) -> None:
        if self._listeners.total() >= LISTENERS_MAX:
            raise Overloaded
        if self._listeners[actor] >= LISTENERS_OF_KEY_MAX:
            raise TooManyConcurrent
        self._listeners[actor] += 1

    def _watched_of(self, account: Account) -> "_Watched":
        watched = self._watched.get(account)
        if watched is None or watched.feed.has_ended:
            feed, since_s = self._idle.pop(account, (None, 0.0))
            if feed is None or time.monotonic() - since_s > KEPT_S:
                feed = CaseFeed(account, self._active, self._cases, self._clock)
            watched = self._watched[account] = _Watched(feed)
        return watched

    def _rest(self, account: Account, watched: "_Watched") -> None:
        """Look no more for nobody, and keep the feed for a while."""
        watched.stop()
        if self._watched.get(account) is watched:
            del self._watched[account]
            if not watched.feed.has_ended:
                self._idle[account] = (watched.feed, time.monotonic())
        if len(self._idle) > IDLE_FEEDS_MAX:
            self._idle.popitem(last=False)


class _Watched:
    """A feed, and the task that looks for it."""

    def __init__(self, feed: CaseFeed) -> None:
        self.feed = feed
        self._turn = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Look once, and then again and again; who comes later waits for the first look alone."""
        async with self._turn:
            if self._task is None:
                async with store_reads():
                    await self._look()
                self._task = asyncio.create_task(self._watch())
                self._task.add_done_callback(lambda task: None if task.cancelled() else self.feed.end())

    def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    async def _watch(self) -> None:
        failed = 0
        while failed < FAILED_LOOKS_MAX:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                async with store_reads():
                    await self._look()
                failed = 0
            except StoreUnavailable:
                failed += 1

    async def _look(self) -> None:
        try:
            await self.feed.look()
        except StoreError:
            raise StoreUnavailable from None
