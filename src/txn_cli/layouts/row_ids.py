"""Ids of rows that have none, so that a file that is loaded again is the same transactions again (ADR 34).

An id is a digest of the masked card number, of time, type, amount, currency and merchant, and of the row's ordinal
among the rows of its file that are alike in these. It has no key, and so nothing of the card number that is hidden:
all that it is made of stands beside the id in what is stored, and nobody can try card numbers against it. Two cards
that look alike when they are masked are told apart by the ordinal alone.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

from txn_cli.layouts.ordinals import Ordinals
from txn_core.pan import LENGTHS, mask

PREFIX: Final = "row_"
_CONTEXT: Final = "txn-api/row_id/1"
_HEX_DIGITS: Final = 32
_FINGERPRINT_BYTES: Final = 8


class RowIds:
    """Gives the rows of one file their ids, in the order of the file."""

    def __init__(self) -> None:
        self._ordinals = Ordinals()

    def next(self, body: Mapping[str, object], merchant: object) -> str:
        """The id of the next row, by its request body and its merchant's name."""
        likeness = hashlib.sha256(
            "\0".join(
                (
                    _CONTEXT,
                    _shown(str(body["card_number"])),
                    str(body["occurred_at"]),
                    str(body["type"]),
                    str(body["amount_minor"]),
                    str(body["currency"]),
                    str(merchant),
                )
            ).encode()
        )
        ordinal = self._ordinals.next(int.from_bytes(likeness.digest()[:_FINGERPRINT_BYTES]))
        likeness.update(b"\0%d" % ordinal)
        return PREFIX + likeness.hexdigest()[:_HEX_DIGITS]


def _shown(card_number: str) -> str:
    """What may be shown of a card number; nothing of one that the service refuses by its length."""
    return mask(card_number) if len(card_number) in LENGTHS else ""
