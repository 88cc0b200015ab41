"""Turns of the event loop for work that comes in rows, such as uploads and large pages, of which one goes at a time.

An upload that only let others go between two rows would still hold them up by as many rows as there are uploads: each
has one in every turn of the loop. Here all of the process share: a turn has one row of one of them, the accounts one
after the other, and each account's in the order in which they asked.
"""

import asyncio
from collections import OrderedDict, deque


class Turns:
    """Belongs to the running event loop."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._due = False

    async def turn(self, holder: str) -> None:
        """Wait for a turn of the event loop that nobody else has from here."""
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[None] = loop.create_future()
        self._waiting.setdefault(holder, deque()).append(mine)
        if not self._due:
            self._due = True
            loop.call_soon(self._give)
        await mine

    def _give(self) -> None:
        """Let the next one go who still waits; the one behind it goes a turn later."""
        self._due = False
        while self._waiting:
            holder, waiting = self._waiting.popitem(last=False)
            mine = waiting.popleft()
            if waiting:
                self._waiting[holder] = waiting  # behind all others
            if not mine.done():  # a cancelled one has no use for it
                mine.set_result(None)
                break
        if self._waiting:
            self._due = True
            asyncio.get_running_loop().call_soon(self._give)
