"""Whoever tries card numbers until one has the id that he knows is stopped: the distinct cards of a mask are counted.

A mask leaves 100,000 numbers that pass Luhn, and an answer's `card_id` and `customer_id` tell of each number that is
sent whether it is the one (ADR 31). So an account may send and look up so many cards with the same mask a day, by all
of its keys. A card is counted behind all rules of its transaction, and before anything of it is stored or answered.

A card that was counted before is no new guess. Once the bound is reached it would be one: of all the mask's cards it
alone would not be refused, and that would tell that the account has used it today. So behind some refusals every card
of the mask is refused, as long as new ones are.
"""

import time
from bisect import bisect_left
from collections.abc import Callable
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter

from txn_api.access.rate_limits import Bucket
from txn_api.card_masks.mask_cards import CARD_BYTES, MASK_BYTES, ROOM_BYTES, MaskCards
from txn_api.card_masks.mask_shares import MaskShares
from txn_api.card_masks.mask_sketch import MaskSketch
from txn_api.problems import TooManyCardsOfMask
from txn_api.writes.fair_memory import FairMemory
from txn_core.transactions.identity import Account, CardId

NOTICED_FROM: Final = 100
"""Cards of one mask that are worth a line in the log."""
SHARED_FROM: Final = 32
"""Cards of one mask from which on a process tells the others."""
BITS_MAX: Final = 32
"""Bits of a cell at which a mask is counted exactly in any case."""
MASKS_A_BIT: Final = 1_024
"""So many masks are counted exactly from their first card, so many more from their cell's second bit, and so on."""
REFUSED_PART: Final = 10
"""Behind a tenth of the bound in refusals, every card of the mask is refused."""
LOGGED_PER_S: Final = 10
DAY_S: Final = 86_400

_log = structlog.get_logger()


class CardGuesses:
    """The cards of a day (UTC) in this process's memory, with those that other processes told of."""

    def __init__(
        self,
        shares: MaskShares | None = None,
        room: FairMemory | None = None,
        *,
        registry: CollectorRegistry | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take who tells the other processes, and the room that he shares; without him this process counts alone."""
        self._shares, self._room, self._clock = shares, room or FairMemory(ROOM_BYTES), clock
        self._logs = Bucket(LOGGED_PER_S)
        self._begin_day()
        self._noticed = Counter(
            "txn_api_masks_noticed",
            "Masks of which an account sent or looked up 100 cards in a day",
            registry=registry,
        )
        self._refused = Counter(
            "txn_api_cards_of_mask_refused", "Cards refused since their mask had too many", registry=registry
        )

    def take(self, account: Account, mask: str, card_id: CardId, cards_max: int) -> None:
        """Count a card that an account sends or looks up; with 0 for the bound it is not counted.

        Raises:
            TooManyCardsOfMask: the account has sent and looked up as many cards of the mask as it may.
        """
        if not cards_max:
            return
        if self._clock() >= self._ends_at:
            self._begin_day()
        place = hash((account, mask))
        cards = self._counted.get(place)
        if cards is None:
            if self._sketch.add(place, hash(card_id)) < self._exact_from:
                return
            cards = self._count_exactly(place, account)
        if cards.latest == card_id and not cards.refused:
            return
        digest, digests = int(card_id[-8:], 16), cards.digests
        at = bisect_left(digests, digest)
        if at < len(digests) and digests[at] == digest:
            if cards.refused > cards_max // REFUSED_PART and not self._is_open(cards, cards_max):
                raise self._refusal(cards, cards_max)
        elif self._is_open(cards, cards_max):
            self._room.take(account, CARD_BYTES)
            cards.add(at, digest)
            self._tell(cards, mask, cards_max)
        else:
            raise self._refusal(cards, cards_max)
        cards.latest = card_id

    def _begin_day(self) -> None:
        """Forget the day before."""
        self._ends_at = (int(self._clock()) // DAY_S + 1) * DAY_S
        self._sketch = MaskSketch()
        self._counted: dict[int, MaskCards] = {}
        self._exact_from = 1
        self._room.clear()

    def _count_exactly(self, place: int, account: Account) -> MaskCards:
        """Count the cards of a mask exactly from now on.

        Raises:
            TooManyCardsOfMask: the account has so many masks with many cards that there is no room for another one.
        """
        cards = MaskCards(account)
        if not self._room.has_room(account, MASK_BYTES):
            raise self._refusal(cards, 0)
        self._room.take(account, MASK_BYTES)
        self._counted[place] = cards
        self._exact_from = min(BITS_MAX, 1 + len(self._counted) // MASKS_A_BIT)
        return cards

    def _is_open(self, cards: MaskCards, cards_max: int) -> bool:
        """Whether a card would be taken that has not come yet."""
        if cards.count >= cards_max or not self._room.has_room(cards.account, CARD_BYTES):
            return False
        return self._shares is None or self._shares.admits(cards, cards_max)

    def _tell(self, cards: MaskCards, mask: str, cards_max: int) -> None:
        """Tell of a new card whoever has to know."""
        count = cards.count
        if self._shares is not None and count >= min(SHARED_FROM, cards_max // 2):
            self._shares.tell(cards, mask, self._ends_at)
        if count >= NOTICED_FROM and not cards.noticed:
            cards.noticed = True
            self._noticed.inc()
            if self._logs.take():
                _log.warning("many_cards_of_mask", account=cards.account, cards=count)

    def _refusal(self, cards: MaskCards, cards_max: int) -> TooManyCardsOfMask:
        """Refuse a card: until the day ends, or until the other processes were heard of."""
        if not cards.refused and self._logs.take():
            _log.warning("cards_of_mask_refused", account=cards.account, cards=cards.count)
        cards.refused += 1
        self._refused.inc()
        waits_for_others = cards.count < cards_max and self._room.has_room(cards.account, CARD_BYTES)
        left_s = max(1, int(self._ends_at - self._clock()))
        return TooManyCardsOfMask(1 if waits_for_others else left_s)
