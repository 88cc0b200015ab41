"""A value that is dear to make and may be a little old: made when it is asked for, and not again for a while."""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from txn_core.single_flight import SingleFlight

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


def remember(place: OrderedDict[_Key, _Value], key: _Key, kept: _Value, count_max: int) -> None:
    """Keep something by its key; of more than may be, what was kept longest ago is forgotten."""
    place[key] = kept
    place.move_to_end(key)
    if len(place) > count_max:
        place.popitem(last=False)


class Recent(Generic[_Value]):
    """The value for whoever asks, from whatever thread; those who ask while it is made wait for that one."""

    def __init__(
        self, make: Callable[[], _Value], kept_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep what `make` gives for so long, counted from when it was made."""
        self._make, self._kept_s, self._clock = make, kept_s, clock
        self._lock = threading.Lock()
        self._made: tuple[_Value, float] | None = None

    def get(self) -> _Value:
        """The value.

        Raises:
            Exception: whatever `make` raises; the next who asks has it made again.
        """
        with self._lock:
            if self._made is None or self._clock() - self._made[1] >= self._kept_s:
                self._made = self._make(), self._clock()
            return self._made[0]


class RecentRead(Generic[_Value]):
    """The same for a value that an event loop reads: read once for all who ask meanwhile, of whom few may wait."""

    def __init__(
        self,
        read: Callable[[], Awaitable[_Value]],
        kept_s: Callable[[_Value], float],
        *,
        read_s_max: float,
        waits_max: int,
        clock: Callable[[], float] = lambda: asyncio.get_running_loop().time(),
    ) -> None:
        """Keep what `read` gives for `kept_s` of it, counted from when it was read."""
        self._read, self._kept_s, self._waits_max, self._clock = read, kept_s, waits_max, clock
        self._reads = SingleFlight[None, _Value](self._read_again, read_s_max)
        self._value: _Value | None = None
        self._old_at = float("-inf")
        self._waits = 0

    async def get(self) -> _Value | None:
        """The value, or None when as many as may wait for it already.

        Raises:
            TimeoutError: the read took longer than its bound.
            Exception: whatever the read raised; the next who asks has it read again.
        """
        if self._clock() < self._old_at:
            return self._value
        if self._waits >= self._waits_max:
            return None
        self._waits += 1
        try:
            return await self._reads.get(None)
        finally:
            self._waits -= 1

    async def _read_again(self, _: None) -> _Value:
        self._value = await self._read()
        self._old_at = self._clock() + self._kept_s(self._value)
        return self._value


class RecentReads(Generic[_Key, _Value]):
    """The same for values by their keys, of which the latest few are kept."""

    def __init__(
        self,
        read: Callable[[_Key], Awaitable[_Value]],
        kept_s: float,
        *,
        kept_max: int,
        read_s_max: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep what `read` gives of a key for so long, counted from when it was read."""
        self._read, self._kept_s, self._kept_max, self._clock = read, kept_s, kept_max, clock
        self._reads = SingleFlight[_Key, _Value](self._read_again, read_s_max)
        self._kept = OrderedDict[_Key, tuple[_Value, float]]()

    async def get(self, key: _Key) -> _Value:
        """The value of a key.

        Raises:
            TimeoutError: the read took longer than its bound.
            Exception: whatever the read raised; the next who asks has it read again.
        """
        kept = self._kept.get(key)
        return kept[0] if kept is not None and self._clock() < kept[1] else await self._reads.get(key)

    async def _read_again(self, key: _Key) -> _Value:
        value = await self._read(key)
        remember(self._kept, key, (value, self._clock() + self._kept_s), self._kept_max)
        return value
