"""Ids of rows that have none, so that a file that is loaded again is the same transactions again (ADR 34).

An id is a digest of the masked card number, of time, type, amount, currency and merchant, and of the row's ordinal
among the rows of its file that are alike in these. It has no key, and so nothing of the card number that is hidden:
all that it is made of stands beside the id in what is stored, and nobody can try card numbers against it. Two cards
that look alike when they are masked are told apart by the ordinal alone.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

from ingest.layouts.ordinals import Ordinals, RowCount
from txn_core.card_numbers.pan import LENGTHS, mask

PREFIX: Final = "row_"
_CONTEXT: Final = "txn-api/row_id/1"
_TOLD_APART_BY: Final = ("occurred_at", "type", "amount_minor", "currency")


class RowIds:
    """Gives the rows of one file their ids, in the order of the file."""

    def __init__(self, count: RowCount | None = None) -> None:
        self._ordinals = count or Ordinals()

    def next(self, body: Mapping[str, object], merchant: object) -> str:
        """The id of the next row, by its request body and its merchant's name."""
        what = (_masked(body), *(body[name] for name in _TOLD_APART_BY), merchant)
        likeness = hashlib.sha256("\0".join((_CONTEXT, *map(str, what))).encode())
        ordinal = self._ordinals.next(int.from_bytes(likeness.digest()[:8]))  # 64 bits
        likeness.update(b"\0%d" % ordinal)
        return PREFIX + likeness.hexdigest()[:32]


def _masked(body: Mapping[str, object]) -> str:
    """What may be shown of the card number; nothing of one that the service refuses by its length."""
    number = body["card_number"]
    return mask(number) if isinstance(number, str) and len(number) in LENGTHS else ""
