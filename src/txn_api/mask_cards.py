"""The cards of one mask that one account sent or looked up on one day, exactly: four bytes of each card's id."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from txn_core.identity import Account

DIGEST_HEX_DIGITS: Final = 8
"""The last digits of a card's id that stand for the card here. The id is an HMAC, so of 1,000 cards two have the same
once in 8,600 times."""
MASK_BYTES: Final = 512
"""What a mask takes in memory without its cards, rounded up."""
CARD_BYTES: Final = 8
"""What a card takes: its digest twice, until the other processes have it."""


class MaskCards:
    """What is known of one mask in this process.

    Attributes:
        refused: cards that were turned away.
        unshared: digests that the other processes have not been told.
        shared_as: what the mask is called among the processes; none as long as it is not shared.
        waits: whether it is in the queue for being shared.
    """

    __slots__ = ("_digests", "account", "noticed", "refused", "shared_as", "unshared", "waits")

    def __init__(self, account: Account) -> None:
        self.account = account
        self._digests = array("I")
        self.unshared = array("I")
        self.refused = 0
        self.shared_as: str | None = None
        self.noticed = self.waits = False

    @property
    def count(self) -> int:
        """How many cards came."""
        return len(self._digests)

    def has(self, digest: int) -> bool:
        """Whether a card came already."""
        digests = self._digests
        place = bisect_left(digests, digest)
        return place < len(digests) and digests[place] == digest

    def add(self, digest: int) -> None:
        """Count a card that has not come yet."""
        self._digests.insert(bisect_left(self._digests, digest), digest)
        self.unshared.append(digest)

    def learn(self, digests: Iterable[int]) -> int:
        """Count the cards that came to other processes, too; gives how many were new here."""
        known = len(self._digests)
        self._digests = array("I", sorted({*self._digests, *digests}))
        return len(self._digests) - known
