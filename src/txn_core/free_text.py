"""The search for card numbers in free text: whether a text holds one that is not the request's own (promise P5).

A card number is 12 to 19 digits, bounded by what is no letter or digit, that end in their check digit and begin as
some scheme's numbers of that length do (`issuer_ranges`). It stands in one group, or in groups as people write card
numbers (`groupings`). Whatever is no letter or digit separates groups. An IBAN is none, nor is what a plus says to be
a telephone number. Track data counts, whatever its number.

The time is linear in the text: at most eight lengths are tried from each group on, each in constant time.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate, groupby
from typing import Final

from txn_core.check_digits import CheckDigits
from txn_core.groupings import BEGINNINGS, SEARCHED_LENGTHS, is_grouping
from txn_core.iban import without_ibans
from txn_core.issuer_ranges import FIRST_DIGITS, ISSUERS
from txn_core.pan import passes_luhn
from txn_core.plain_text import LETTER, SEPARATORS, plain
from txn_core.track_data import holds_track_data

_ANY_DIGIT: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG_RUN: Final = b"0" * SEARCHED_LENGTHS.start
_SPACED: Final = dict.fromkeys(SEPARATORS, " ")

# A plus that stands behind no digit begins a telephone number, and what stands before it is none of it.
_PLUS: Final = re.compile(r"(?<![0-9])\+(?=\(?[0-9])")
# Numbers as long as a card number, of countries whose calling codes are first digits of one (E.164): Austria and
# Germany; South America, Malaysia, Indonesia, the Philippines and New Zealand.
_TELEPHONE: Final = re.compile(r"(?<![0-9])\+(?:4[39][0-9]{11}|(?:5[789]|6[0234])[0-9]{10,11})(?![A-Za-z0-9])")


def holds_card_number(text: str) -> bool:
    """Whether free text holds a card number that some scheme may have issued, or track data."""
    ascii_text = plain(text)
    return long_runs(ascii_text.encode()) > 0 and (
        holds_track_data(ascii_text) or any(map(_holds_number, _chains(ascii_text)))
    )


def long_runs(text: bytes) -> int:
    """How often 12 digits follow each other in ASCII text, separators left out. If never, it holds no card number."""
    return text.translate(_ANY_DIGIT, SEPARATORS).count(_LONG_RUN)


def _chains(text: str) -> Iterator[list[str]]:
    """The chains of groups of digits that nothing but separators stands between."""
    if "+" in text:
        text = _PLUS.sub(LETTER, _TELEPHONE.sub(LETTER, text))
    words = without_ibans(text.translate(_SPACED).split())
    for is_digits, chain in groupby(words, lambda word: word is not None and word.isdigit()):
        if is_digits:
            yield [word for word in chain if word is not None]


def _holds_number(groups: list[str]) -> bool:
    """Whether neighbouring groups of a chain are a card number."""
    if len(groups) == 1:
        return _is_number(groups[0])
    digits, sizes = "".join(groups), [*map(len, groups)]
    starts = [0, *accumulate(sizes)]
    count_before = {end: count for count, end in enumerate(starts)}
    check_digits = CheckDigits(digits)
    for at, start in enumerate(starts[: bisect_right(starts, len(digits) - SEARCHED_LENGTHS.start)]):
        if sizes[at] in BEGINNINGS:
            for length in ISSUERS.lengths(digits[start : start + FIRST_DIGITS]):
                end = start + length
                until = count_before.get(end)
                if until and check_digits.fits(start, end) and is_grouping(tuple(sizes[at:until]), digits[start]):
                    return True
    return False


def _is_number(digits: str) -> bool:
    return len(digits) in SEARCHED_LENGTHS and digits in ISSUERS and passes_luhn(digits)
