"""One read for all who ask for the same thing at the same time."""

import asyncio
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
