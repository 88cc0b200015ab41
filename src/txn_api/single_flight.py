"""One read for all who ask for the same thing at the same time, and what it gave for those who ask soon after."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class SingleFlight(Generic[_Key, _Value]):
    """Reads of one store by key. Nothing is kept once a read has ended, an error least of all."""

    def __init__(self, read: Callable[[_Key], Awaitable[_Value]], read_s_max: float) -> None:
        self._read, self._read_s_max = read, read_s_max
        self._under_way: dict[_Key, asyncio.Task[_Value]] = {}

    async def get(self, key: _Key) -> _Value:
        """What the read of this key under way gives, or a new one's; whoever is cancelled leaves it to the others.

        Raises:
            TimeoutError: the read took longer than its bound.
            Exception: whatever the read raised, to each who waited for it.
        """
        task = self._under_way.get(key)
        if task is None:
            # A task of its own: the caller that happens to be first may be cancelled.
            task = self._under_way[key] = asyncio.create_task(self._bounded(key))
            task.add_done_callback(lambda ended: self._forget(key, ended))
        return await asyncio.shield(task)

    async def _bounded(self, key: _Key) -> _Value:
        async with asyncio.timeout(self._read_s_max):
            return await self._read(key)

    def _forget(self, key: _Key, ended: "asyncio.Task[_Value]") -> None:
        del self._under_way[key]
        if not ended.cancelled():
            ended.exception()  # an error that nobody waited for any more is nobody's


class KeptValue(Generic[_Value]):
    """A value for all who ask, made again when it is older than `kept_s`. At most `waits_max` callers wait for it."""

    def __init__(
        self,
        make: Callable[[], Awaitable[_Value]],
        *,
        kept_s: float,
        make_s_max: float,
        waits_max: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make, self._kept_s, self._waits_max, self._clock = make, kept_s, waits_max, clock
        self._flight = SingleFlight[None, None](self._renew, make_s_max)
        self._waits, self._made_at = 0, float("-inf")
        self.latest: _Value | None = None
        """What was made last, however old, or None."""

    async def get(self) -> _Value | None:
        """The value, or None when too many callers wait for the next one already.

        Raises:
            Exception: as `SingleFlight.get`.
        """
        if self._clock() - self._made_at >= self._kept_s:
            if self._waits >= self._waits_max:
                return None
            self._waits += 1
            try:
                await self._flight.get(None)
            finally:
                self._waits -= 1
        return self.latest

    async def _renew(self, _: None) -> None:
        self.latest = await self._make()
        self._made_at = self._clock()
