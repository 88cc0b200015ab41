"""The cards of one mask that one account sent or looked up on one day, exactly: four bytes of each card's id."""

from array import array
from collections.abc import Iterable
from typing import Final

from txn_core.identity import Account

MASK_BYTES: Final = 512
"""What a mask takes in memory without its cards, rounded up."""
CARD_BYTES: Final = 8
"""What a card takes: its digest twice, until the other processes have it."""


class MaskCards:
    """What is known of one mask in this process.

    Attributes:
        digests: the last 8 hex digits of each card's id, in ascending order. The id is an HMAC, so two of 1,000 cards
            have the same once in 8,600 times.
        refused: cards that were turned away.
        unshared: digests that the other processes have not been told.
        shared_as: what the mask is called among the processes; none as long as it is not shared.
        waits: whether it is in the queue for being shared.
    """

    __slots__ = ("account", "digests", "noticed", "refused", "shared_as", "unshared", "waits")

    def __init__(self, account: Account) -> None:
        self.account = account
        self.digests = array("I")
        self.unshared = array("I")
        self.refused = 0
        self.shared_as: str | None = None
        self.noticed = self.waits = False

    @property
    def count(self) -> int:
        """How many cards came."""
        return len(self.digests)

    def add(self, at: int, digest: int) -> None:
        """Count a card that has not come yet, whose place among the others is known."""
        self.digests.insert(at, digest)
        self.unshared.append(digest)

    def learn(self, digests: Iterable[int]) -> int:
        """Count the cards that came to other processes, too; gives how many were new here."""
        known = len(self.digests)
        self.digests = array("I", sorted({*self.digests, *digests}))
        return len(self.digests) - known
