"""Card states in memory: calls are carried out in any order, and answers are lost before or behind a write."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from txn_core.dynamodb.card_states import CardStateDocument, StoredCardState

T = TypeVar("T")


class KilledError(Exception):
    """The process ended at a write."""


class LostError(OSError):
    """A call that was not answered."""


@dataclass
class MemoryStates:
    """What `CardStateTable` does.

    Attributes:
        rng: which calls are lost, and who goes first; without one none is.
        killed_at: the number of the write, from 1, at which its process ends.
        carried_out: whether that write is.
    """

    items: dict[str, StoredCardState] = field(default_factory=dict)
    rng: random.Random | None = None
    killed_at: int = 0
    carried_out: bool = False
    writes: int = 0
    reads: int = 0

    async def load(self, keys: Iterable[str]) -> dict[str, StoredCardState]:
        await self._step()
        self.reads += 1
        return {key: self.items[key] for key in keys if key in self.items}

    async def put(self, key: str, document: CardStateDocument, seen_version: int | None) -> bool:
        await self._step()
        self.writes += 1
        is_killed = self.writes == self.killed_at
        done = (not is_killed or self.carried_out) and self._put(key, document, seen_version)
        if is_killed:
            raise KilledError
        await self._step()
        return done

    def _put(self, key: str, document: CardStateDocument, seen_version: int | None) -> bool:
        there = self.items.get(key)
        if (None if there is None else there.version) != seen_version:
            return False
        self.items[key] = StoredCardState(document, 0 if seen_version is None else seen_version + 1)
        return True

    async def _step(self) -> None:
        if self.rng is None:
            return
        for _ in range(self.rng.randrange(3)):
            await asyncio.sleep(0)
        if self.rng.random() < 0.15:
            raise LostError


async def retry(_: str, call: Callable[[], Awaitable[T]], /) -> T:
    """Repeats a call until it is answered."""
    while True:
        try:
            return await call()
        except LostError:
            continue
