"""The data of a card's history: columns of its purchases, the ids of its other records, and a few numbers."""

from array import array
from dataclasses import dataclass, field
from typing import Final, NamedTuple

ID_BYTES: Final = 5
NO_LOG_ODDS: Final = -(2**15)
LOG_ODDS_MAX: Final = 2**15 - 1


class Place(NamedTuple):
    """Where the card was: whole ten-thousandths of a degree, and when, in seconds since 1970."""

    occurred_at_s: int
    latitude_e4: int
    longitude_e4: int


def _integers() -> "array[int]":
    return array("q")


@dataclass(slots=True)
class Columns:
    """Columns, one entry a purchase, oldest first.

    Attributes:
        times: seconds since 1970-01-01 UTC.
        amounts: hundredths of a US dollar.
        categories: codes, a byte each.
        ids: hashes of transaction ids, five bytes each.
        log_odds: thousandths of log-odds of the first stage by model id, two bytes each; `NO_LOG_ODDS` where that
            model gave none.
        other_times: those of refunds and reversals, which are kept for their ids alone.
        other_ids: the same for their hashes.
        purchases_ever: how many purchases were ever entered.
        first_seen_s: the earliest time of a purchase ever entered.
        last_place: where the newest purchase with a place ever entered was made.
    """

    times: "array[int]" = field(default_factory=_integers)
    amounts: "array[int]" = field(default_factory=_integers)
    categories: bytearray = field(default_factory=bytearray)
    ids: bytearray = field(default_factory=bytearray)
    log_odds: "dict[str, array[int]]" = field(default_factory=dict)
    other_times: "array[int]" = field(default_factory=_integers)
    other_ids: bytearray = field(default_factory=bytearray)
    purchases_ever: int = 0
    first_seen_s: int | None = None
    last_place: Place | None = None
