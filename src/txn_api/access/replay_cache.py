"""The signatures that were used and can still be in time: none of them is forgotten, what finds no room is refused.

They lie by the second that they were signed for, since a second leaves its window as a whole and a replay names the
same one. The first 8 bytes of each are kept, in a sorted array: no object a signature. A valid signature that
equals another one in these bytes is refused, and its request signed again; the chance is less than one in 10^14.
"""

import math
from array import array
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from txn_api.problems import Overloaded, SignatureExpired, SignatureReplayed
from txn_core.api_keys import KeyId
from txn_core.signing import WINDOW_S

USED_MAX: Final = 4_000_000
"""Signatures of all keys together, 36 MB, and up to 100 bytes more for each second that a key signed in.

A key may hold as many as are free (dynamic thresholds: Choudhury and Hahne, 1998): alone half of them, which is 6,600
signed requests a second, above what the default limits let a key begin; of two floods each a third; and whoever holds
few finds room beside any of them.
"""
A_SECOND_MAX: Final = 16_384
"""Signatures of one key for one second, which bounds what keeping another one in order costs; thrice what the default
limits let a key begin in it."""
_HEX_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class _Second:
    """What was signed for one second."""

    macs: "array[int]" = field(default_factory=lambda: array("Q"))
    by_key: Counter[KeyId] = field(default_factory=Counter)


class ReplayCache:
    """Used signatures of all keys, in this process's memory."""

    def __init__(self) -> None:
        self._seconds: dict[int, _Second] = {}
        self._by_key: Counter[KeyId] = Counter()
        self._total, self._begin = 0, 0

    def use(self, key_id: KeyId, mac: str, signed_at: int, at: float) -> None:
        """Use a sound signature, its MAC in hex, at this time; both times are Unix seconds.

        Raises:
            SignatureReplayed: it was used before.
            SignatureExpired: its second was forgotten, which the clock has been set back to.
            Overloaded: there is no room to remember it.
        """
        self._forget(math.ceil(at - WINDOW_S))
        if signed_at < self._begin:
            raise SignatureExpired
        second = self._seconds.setdefault(signed_at, _Second())
        entry = int(mac[:_HEX_DIGITS], 16)
        place, known = _place(second.macs, entry)
        if known:
            raise SignatureReplayed
        if self._by_key[key_id] >= USED_MAX - self._total or second.by_key[key_id] >= A_SECOND_MAX:
            raise Overloaded
        second.macs.insert(place, entry)
        second.by_key[key_id] += 1
        self._by_key[key_id] += 1
        self._total += 1

    def knows(self, mac: str, signed_at: int) -> bool:
        """Whether a signature of this second was used; false also for one whose second was forgotten."""
        second = self._seconds.get(signed_at)
        return second is not None and _place(second.macs, int(mac[:_HEX_DIGITS], 16))[1]

    def _forget(self, begin: int) -> None:
        """Forget what was signed for the seconds before, which is refused by its time."""
        if begin <= self._begin:
            return
        self._begin = begin
        for second in [second for second in self._seconds if second < begin]:
            gone = self._seconds.pop(second)
            self._total -= len(gone.macs)
            for key_id, count in gone.by_key.items():
                self._by_key[key_id] -= count
                if not self._by_key[key_id]:
                    del self._by_key[key_id]


def _place(macs: "array[int]", entry: int) -> tuple[int, bool]:
    """Where an entry stands in order, or would stand, and whether it is there."""
    place = bisect_left(macs, entry)
    return place, macs[place : place + 1] == array("Q", [entry])
