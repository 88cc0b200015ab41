"""The cards of one mask that one account sent or looked up on one day, exactly: four bytes of each card's id."""

from array import array
from collections.abc import Iterable
from typing import Final

from txn_api.writes.fair_memory import FairMemory
from txn_core.transactions.identity import Account, CardId

ROOM_BYTES: Final = 64 << 20
"""Of all accounts together: 120,000 masks with a few cards each, or eight million cards of fewer masks."""
MASK_BYTES: Final = 512
"""What a mask takes in memory without its cards, rounded up."""
CARD_BYTES: Final = 8
"""What a card takes: its digest twice, until the other processes have it."""


class MaskCards:
    """What is known of one mask in this process.

    Attributes:
        digests: the last 8 hex digits of each card's id, in ascending order. The id is an HMAC, so two of 1,000 cards
            have the same once in 8,600 times.
        latest: the card that came last, if it was taken: of most masks the only one.
        elsewhere: cards that came to other processes alone, when there is no room here for their digests.
        refused: cards that were turned away.
        unshared: digests that the other processes have not been told.
        shared_as: what the mask is called among the processes; none as long as it is not shared.
        waits: whether it is in the queue for being shared.
    """

    __slots__ = ("account", "digests", "elsewhere", "latest", "noticed", "refused", "shared_as", "unshared", "waits")

    def __init__(self, account: Account) -> None:
        self.account = account
        self.digests = array("I")
        self.unshared = array("I")
        self.latest: CardId | None = None
        self.elsewhere = self.refused = 0
        self.shared_as: str | None = None
        self.noticed = self.waits = False

    @property
    def count(self) -> int:
        """How many cards came."""
        return len(self.digests) + self.elsewhere

    def add(self, at: int, digest: int) -> None:
        """Count a card that has not come yet, whose place among the others is known."""
        self.digests.insert(at, digest)
        self.unshared.append(digest)

    def hear(self, digests: Iterable[int], room: FairMemory) -> None:
        """Count the cards that came to any process; those of others are known here as far as there is room."""
        others = set(digests).difference(self.digests)
        size = CARD_BYTES * len(others)
        if room.has_room(self.account, size):
            room.take(self.account, size)
            self.digests = array("I", sorted({*self.digests, *others}))
            self.elsewhere = 0
        else:
            self.elsewhere = len(others)
