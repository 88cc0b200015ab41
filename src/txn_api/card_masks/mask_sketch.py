"""Roughly how many cards of each mask came: whether a mask is worth counting exactly, in 8 MB whatever comes.

Nearly every mask has a few cards a day, and there are millions of masks. So masks share cells of 64 bits. Each cell
is a linear counter (Whang, Vander-Zanden and Taylor, ACM TODS 15(2), 1990): a card sets one bit of its mask's cell,
the same card the same bit, and 44 cards set 32 bits on average. A mask whose cell has other masks, too, is counted
exactly too early, and nobody is refused for that.
"""

from array import array
from typing import Final

CELLS: Final = 1 << 20
FULL_AT_BITS: Final = 20 * CELLS
"""Set bits at which all of them are forgotten, which is after 24 million cards. A cell has 20 bits on average then,
and hardly any has 32. Until then some 44 cards of one mask may have come that nobody remembers."""


class MaskSketch:
    """Cells of bits. Places and cards are hashes under a key that nobody outside knows."""

    __slots__ = ("_cells", "_full_at", "_last", "_set")

    def __init__(self, cells: int = CELLS, full_at: int = FULL_AT_BITS) -> None:
        """Take the number of cells, a power of two, and the number of bits at which they are full."""
        self._full_at, self._last = full_at, cells - 1
        self._forget()

    def add(self, place: int, card: int) -> int:
        """Note a card of the mask of a place, and give the bits of its cell; both are hashes."""
        cells, cell = self._cells, place & self._last
        before = cells[cell]
        bits = before | 1 << (card & 63)
        if bits != before:
            cells[cell] = bits
            self._set += 1
            if self._set > self._full_at:
                self._forget()
        return bits.bit_count()

    def _forget(self) -> None:
        self._cells = array("Q", bytes(8 * (self._last + 1)))
        self._set = 0
