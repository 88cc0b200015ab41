"""The memory that exact counts of masks may take, and the part of it that one account may fill."""

from collections import Counter
from typing import Final

from txn_core.transactions.identity import Account

ROOM_BYTES: Final = 64 << 20
"""Of all accounts together: 120,000 masks with a few cards each, or eight million cards of fewer masks."""


class MaskRoom:
    """Bytes by account. An account may hold as much as is free (Choudhury and Hahne, 1998).

    So an account alone fills half of the room, of two floods each fills a third, and whoever holds little finds room
    beside any of them.
    """

    __slots__ = ("_bytes_of", "_free", "_size")

    def __init__(self, size: int = ROOM_BYTES) -> None:
        self._size = size
        self.clear()

    def clear(self) -> None:
        """Free all of it."""
        self._free = self._size
        self._bytes_of: Counter[Account] = Counter()

    def has(self, account: Account, size: int) -> bool:
        """Whether an account could take so many bytes."""
        return self._bytes_of[account] + size <= self._free

    def take(self, account: Account, size: int) -> bool:
        """Take so many bytes for an account; false when it holds its part."""
        if not self.has(account, size):
            return False
        self._free -= size
        self._bytes_of[account] += size
        return True
