"""Refusals take turns: so many are answered in a turn of the event loop, and the others in the next ones.

Whoever is answered may send again at once. A sender with hundreds of connections whose requests are all refused would
otherwise have each of them read, refused and answered in every turn, for which everybody else waits each time that
something of theirs goes on: a post has four such steps. What is refused has no such hurry. The first refusals of a
turn wait for nothing.
"""

import asyncio
from collections import deque
from typing import Final

A_TURN_MAX: Final = 16
"""Refusals in a turn: less than a millisecond's work."""


class RefusalTurns:
    """Belongs to the running event loop."""

    def __init__(self) -> None:
        self._left = A_TURN_MAX
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def turn(self) -> None:
        """Wait for a turn that has a place, behind whoever waits already; mostly this one has."""
        loop = asyncio.get_running_loop()
        if self._left == A_TURN_MAX:
            loop.call_soon(self._begin_turn)
        if self._left and not self._waiting:
            self._left -= 1
            return
        mine: asyncio.Future[None] = loop.create_future()
        self._waiting.append(mine)
        await mine

    def _begin_turn(self) -> None:
        """The next turn: those go on in it who have waited longest."""
        self._left = A_TURN_MAX
        while self._waiting and self._left:
            mine = self._waiting.popleft()
            if not mine.done():  # a cancelled one has no use for it
                mine.set_result(None)
                self._left -= 1
        if self._left < A_TURN_MAX:
            asyncio.get_running_loop().call_soon(self._begin_turn)
