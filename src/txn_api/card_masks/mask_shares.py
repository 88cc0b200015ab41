"""What the processes tell each other of masks that have many cards, through a table.

Nobody waits for it: a process counts by what it knows, and tells its own cards in the background. Until it has heard
of the others' it takes no more than half of what seems to be left, or `UNSHARED_MIN` cards. A call costs many times
as much as a post, so the calls have a rate, and the accounts take turns. While the table is away each process goes on
by what it knows: payments do not stop for it.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter

from txn_api.access.rate_limits import Bucket
from txn_api.card_masks.mask_cards import MaskCards
from txn_api.stores import STORE_ERRORS
from txn_api.writes.fair_memory import FairMemory
from txn_core.transactions.identity import Account

UNSHARED_MIN: Final = 64
CALLS_PER_S: Final = 100
CALL_S_MAX: Final = 1.0
AWAY_S: Final = 5.0
"""How long a table that did not answer is left alone."""
CLOSE_S_MAX: Final = 1.0
KEPT_S: Final = 86_400
"""How long the table keeps a day's cards behind its end: clocks differ, and nobody reads them any more."""

_log = structlog.get_logger()
Add = Callable[[str, Iterable[int], int], Awaitable[list[int]]]
"""Adds cards to a mask that is kept until a Unix time; gives all of its cards (`MaskCardTable.add`)."""
Name = Callable[[Account, str, int], str]
"""What a mask of an account is called on a day (`KeyRing.mask_id`)."""


class MaskShares:
    """The masks of one process that have cards to tell of."""

    def __init__(
        self,
        add: Add,
        name: Name,
        room: FairMemory,
        *,
        registry: CollectorRegistry | None = None,
        rate: Bucket | None = None,
        away_s: float = AWAY_S,
    ) -> None:
        """Take the table's `add` and the room that what is heard of takes."""
        self._add, self._name, self._room = add, name, room
        self._rate, self._away_s = rate or Bucket(CALLS_PER_S), away_s
        self._queue: OrderedDict[Account, deque[tuple[MaskCards, int]]] = OrderedDict()
        self._telling: asyncio.Task[None] | None = None
        self._away = False
        self._calls = Counter(
            "txn_api_mask_shares",
            "Calls that told the other processes of a mask's cards",
            ["outcome"],
            registry=registry,
        )

    def admits(self, cards: MaskCards, cards_max: int) -> bool:
        """Whether one more card may be taken before the others are told of those before."""
        left = cards_max - cards.count
        return self._away or len(cards.unshared) < max(UNSHARED_MIN, left // 2)

    def tell(self, cards: MaskCards, mask: str, ends_at: int) -> None:
        """Tell of a mask's cards soon; its day ends at this Unix time."""
        if cards.shared_as is None:
            cards.shared_as = self._name(cards.account, mask, ends_at)
        if cards.waits:
            return
        self._put(cards, ends_at)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.get_running_loop().create_task(self._tell_all())

    async def close(self) -> None:
        """Tell what is left, as far as that goes within a second, and not at all while the table is away."""
        if (telling := self._telling) is not None:
            await asyncio.wait({telling}, timeout=0 if self._away else CLOSE_S_MAX)
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _tell_all(self) -> None:
        while self._queue:
            await asyncio.sleep(self._rate.owe(1))
            cards, ends_at = self._next()
            if not await self._told(cards, ends_at):
                if not cards.waits:  # a card that came during the call has put it there already
                    self._put(cards, ends_at)
                await asyncio.sleep(self._away_s)

    def _put(self, cards: MaskCards, ends_at: int) -> None:
        cards.waits = True
        self._queue.setdefault(cards.account, deque()).append((cards, ends_at))

    def _next(self) -> tuple[MaskCards, int]:
        """The mask that has waited longest, of the account whose turn it is."""
        account, waiting = self._queue.popitem(last=False)
        cards, ends_at = waiting.popleft()
        if waiting:
            self._queue[account] = waiting
        cards.waits = False
        return cards, ends_at

    async def _told(self, cards: MaskCards, ends_at: int) -> bool:
        """Tell of a mask's cards and hear of the others'; false when the table is away."""
        assert cards.shared_as is not None  # noqa: S101 - it has a name since it waited
        count = len(cards.unshared)
        try:
            async with asyncio.timeout(CALL_S_MAX):
                known = await self._add(cards.shared_as, cards.unshared[:count], ends_at + KEPT_S)
        except STORE_ERRORS as error:
            self._calls.labels("failed").inc()
            if not self._away:
                _log.warning("mask_cards_not_shared", error=type(error).__name__)
            self._away = True
            return False
        self._calls.labels("shared").inc()
        self._away = False
        del cards.unshared[:count]
        cards.hear(known, self._room)
        return True
