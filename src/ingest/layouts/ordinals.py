"""How many of its like a row has before it, counted in a few bytes a row."""

from array import array
from typing import Final, Protocol

from txn_core.exceptions import TxnError

ROWS_MAX: Final = 100_000_000


class RowCount(Protocol):
    """Counts rows that are alike."""

    def next(self, fingerprint: int) -> int:
        """The ordinal of a row among those with its fingerprint, from 1 on."""


class Ordinals:
    """Counts fingerprints of 64 bits in an open-addressed table: 18 to 36 bytes each, where a dictionary takes 120.

    Two rows whose fingerprints are equal by chance are counted as alike. Their ids stay different, since an id comes
    of the whole digest.
    """

    def __init__(self) -> None:
        self._rows = 0
        self._make(1 << 12)

    def next(self, fingerprint: int) -> int:
        """The ordinal of a row among those with its fingerprint, from 1 on.

        Raises:
            TxnError: there were too many rows.
        """
        # Zero marks a free slot.
        fingerprint = fingerprint or 1
        at = self._slot(fingerprint)
        if not self._fingerprints[at]:
            self._fingerprints[at] = fingerprint
            self._rows += 1
            self._counts[at] = 1
            if 3 * self._rows > 2 * len(self._fingerprints):
                self._grow()
            return 1
        self._counts[at] += 1
        return self._counts[at]

    def _slot(self, fingerprint: int) -> int:
        fingerprints, mask = self._fingerprints, len(self._fingerprints) - 1
        at = fingerprint & mask
        while (found := fingerprints[at]) and found != fingerprint:
            at = (at + 1) & mask
        return at

    def _make(self, slots: int) -> None:
        self._fingerprints, self._counts = array("Q", bytes(8 * slots)), array("I", bytes(4 * slots))

    def _grow(self) -> None:
        if self._rows > ROWS_MAX:
            raise TxnError(f"the file has more than {ROWS_MAX:,} rows without an id: split it")
        before = zip(self._fingerprints, self._counts, strict=True)
        self._make(2 * len(self._fingerprints))
        for fingerprint, count in before:
            if fingerprint:
                at = self._slot(fingerprint)
                self._fingerprints[at], self._counts[at] = fingerprint, count
