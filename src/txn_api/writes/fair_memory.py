"""Memory that the accounts share, such as what all uploads of a process hold together: bounded, and nobody's alone.

An account may hold as much as is free (dynamic thresholds: Choudhury and Hahne, 1998): alone half of the bound,
beside another one that holds all that it may a third, and whoever holds little finds room beside any of them. Whoever
waits for room and holds nothing comes before those who hold something. What an upload holds up to a little is not
counted, and is never too much: there are so many uploads at most.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from txn_api.problems import Overloaded

REJECTED_BYTES_MAX: Final = 64 << 20
UNREAD_BYTES_MAX: Final = 64 << 20
IN_FLIGHT_BYTES_MAX: Final = 64 << 20
DECOMPRESSION_BYTES_MAX: Final = 128 << 20
ROW_IDS_BYTES_MAX: Final = 32 << 20
PAGE_BYTES_MAX: Final = 8 << 20
FREE_BYTES: Final = 16 << 10
"""What an upload may hold of each however much others do; of decompression nothing."""
ROW_BYTES: Final = 1_024


class FairMemory:
    """Bytes that are held, by account."""

    def __init__(self, bytes_max: int, *, free_bytes: int = FREE_BYTES) -> None:
        self.bytes_max, self.free_bytes = bytes_max, free_bytes
        self.held = 0
        self._held_by: Counter[str] = Counter()
        self._waiting: dict[str, deque[_Wish]] = {}

    def has_room(self, account: str, size: int = 0) -> bool:
        """Whether an account may hold so many bytes more, and then no more than is free."""
        return self._held_by[account] + size <= self.bytes_max - self.held - size

    def is_free(self, account: str, size: int) -> bool:
        """Whether an account may hold so many bytes more, and nobody waits for room who comes before it."""
        return account not in self._waiting and self._may_take(account, size)

    def take(self, account: str, size: int) -> None:
        """An account holds so many bytes more in any case, or less if it is negative."""
        self.held += size
        held = self._held_by[account] = self._held_by[account] + size
        if not held:
            del self._held_by[account]
        if size < 0 and self._waiting:
            self._grant()

    def clear(self) -> None:
        """Free all of it; for a memory that nobody waits for."""
        self.held = 0
        self._held_by.clear()

    async def take_when_free(self, account: str, size: int) -> None:
        """Hold so many bytes more as soon as the account may; those of an account in the order of their calls."""
        if self.is_free(account, size):
            self.take(account, size)
            return
        wish = _Wish(size, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(account, deque()).append(wish)
        try:
            await wish.granted
        except asyncio.CancelledError:
            if wish.granted.cancelled():
                self._grant()  # those behind it
            else:
                self.take(account, -size)
            raise

    @asynccontextmanager
    async def held_for(self, account: str, size: int, *, wait_s_max: float) -> AsyncIterator[None]:
        """Hold so many bytes for the time of the block.

        Raises:
            Overloaded: the account may hold no more, and that did not change in time.
        """
        try:
            async with asyncio.timeout(wait_s_max):
                await self.take_when_free(account, size)
        except TimeoutError:
            raise Overloaded from None
        try:
            yield
        finally:
            self.take(account, -size)

    def _may_take(self, account: str, size: int) -> bool:
        """Whether there is room, and nobody waits who holds nothing while the account holds something.

        Otherwise many accounts that take a little at a time would never leave room for much at a time.
        """
        if not self.has_room(account, size):
            return False
        return account not in self._held_by or all(other in self._held_by for other in self._waiting)

    def _grant(self) -> None:
        """Give what is free to those who wait for it, first to those who hold nothing."""
        for account, wishes in sorted(self._waiting.items(), key=lambda entry: entry[0] in self._held_by):
            while wishes and (wishes[0].granted.done() or self._may_take(account, wishes[0].size)):
                wish = wishes.popleft()
                if not wish.granted.done():
                    self.take(account, wish.size)
                    wish.granted.set_result(None)
            if not wishes:
                del self._waiting[account]


class _Wish(NamedTuple):
    size: int
    granted: asyncio.Future[None]


@dataclass(frozen=True, slots=True)
class Memories:
    """What a process holds for its accounts, by what it is."""

    rejected: FairMemory = field(default_factory=lambda: FairMemory(REJECTED_BYTES_MAX))
    """Rejected lines, answered when an upload is over."""
    unread: FairMemory = field(default_factory=lambda: FairMemory(UNREAD_BYTES_MAX))
    """Results that their clients have not read."""
    in_flight: FairMemory = field(default_factory=lambda: FairMemory(IN_FLIGHT_BYTES_MAX))
    """Lines that wait for the stream, beside what the producer holds of them."""
    decompression: FairMemory = field(default_factory=lambda: FairMemory(DECOMPRESSION_BYTES_MAX, free_bytes=0))
    """What decompressors keep."""
    row_ids: FairMemory = field(default_factory=lambda: FairMemory(ROW_IDS_BYTES_MAX))
    """Which rows of uploaded tables have got ids of their content."""
    pages: FairMemory = field(default_factory=lambda: FairMemory(PAGE_BYTES_MAX, free_bytes=0))
    """Pages that are read from the index and written: `ROW_BYTES` for each row that was asked for."""


class Holding:
    """What one upload holds of a memory. Whoever has one gives it back in the end."""

    __slots__ = ("_account", "_memory", "held")

    def __init__(self, memory: FairMemory, account: str) -> None:
        self._memory, self._account = memory, account
        self.held = 0

    def take(self, size: int) -> None:
        """Hold so many bytes more, in any case; negative ones are given back."""
        before = self._counted
        self.held += size
        if more := self._counted - before:
            self._memory.take(self._account, more)

    def hold(self, size: int) -> None:
        """Hold so many bytes instead, in any case."""
        self.take(size - self.held)

    @property
    def _counted(self) -> int:
        return max(0, self.held - self._memory.free_bytes)

    @property
    def is_too_much(self) -> bool:
        """Whether the upload holds more than it may at the moment."""
        return self.held > self._memory.free_bytes and not self._memory.has_room(self._account)

    def becomes(self, size: int) -> bool:
        """Hold so many bytes instead, if there is room for them and nobody of the account waits for it."""
        more = self._more_of(size)
        if more > 0 and not self._memory.is_free(self._account, more):
            return False
        self.hold(size)
        return True

    async def become(self, size: int) -> None:
        """The same as soon as there is room."""
        await self._memory.take_when_free(self._account, self._more_of(size))
        self.held = size

    def _more_of(self, size: int) -> int:
        return max(0, size - self._memory.free_bytes) - self._counted

    def give_back(self) -> None:
        """Hold nothing more."""
        self.take(-self.held)
