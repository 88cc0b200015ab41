"""The search for card numbers in free text: whether a text holds one that is not the request's own (promise P5).

A card number is 12 to 19 digits, bounded by what is no letter or digit, that end in their check digit and begin as
some scheme's numbers of that length do (`issuer_ranges`). It stands in one group, or in groups as people write card
numbers (`groupings`). Whatever is no letter or digit separates groups. An IBAN is none, nor is what a plus says to be
a telephone number. Track data counts, whatever its number.

The time is linear in the text, and small: nearly no request has as many digits, and those of one that has are sifted
together (`card_windows`).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from txn_core.card_windows import BREAK, chains_with_numbers
from txn_core.groupings import SEARCHED_LENGTHS
from txn_core.iban import may_hold_iban, without_ibans
from txn_core.plain_text import LETTER, SEPARATORS, plain_texts
from txn_core.track_data import holds_track_data

_ANY_DIGIT: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG_RUN: Final = b"0" * SEARCHED_LENGTHS.start
_BETWEEN: Final = " \0 "  # stands between two texts, of which none holds a NUL (`plain_texts`)
_SPACED: Final = bytes(32 if code in SEPARATORS and code else code for code in range(256))

# Groups of digits that nothing but a space stands between.
_CHAIN: Final = re.compile("(?<![A-Za-z0-9])[0-9]++(?: [0-9]++)*(?![A-Za-z0-9])")

# A word that is written together with the number behind it, as in "card4111 ...".
_LETTER_AND_DIGIT: Final = re.compile("[A-Za-z][0-9]")
_LABEL: Final = re.compile("( [A-Za-z]{2,}+)(?=[0-9])")

# A plus that stands behind no digit begins a telephone number, and what stands before it is none of it.
_PLUS: Final = re.compile(r"\+(?<![0-9]\+)(?=\(?[0-9])")
# Numbers as long as a card number, of countries whose calling codes are first digits of one (E.164): Austria and
# Germany; South America, Malaysia, Indonesia, the Philippines and New Zealand.
_TELEPHONE: Final = re.compile(r"\+(?<![0-9]\+)(?:4[39][0-9]{11}|(?:5[789]|6[0234])[0-9]{10,11})(?![A-Za-z0-9])")


def holds_card_number(text: str) -> bool:
    """Whether free text holds a card number that some scheme may have issued, or track data."""
    return bool(texts_with_numbers(plain_texts([text])))


def texts_with_numbers(texts: Sequence[str]) -> set[int]:
    """The places of those `plain_texts` that hold a card number that some scheme may have issued, or track data."""
    together = _BETWEEN.join(texts)
    if not long_runs(together.replace(_BETWEEN, LETTER).encode()):
        return set()  # as nearly always
    found = set[int]()
    if holds_track_data(together):
        found = {place for place, text in enumerate(texts) if holds_track_data(text)}
    words = _words(together)
    each = words.split(_BETWEEN)
    suspected = _with_numbers({place: text for place, text in enumerate(each) if place not in found})
    if not suspected or not may_hold_iban(words):
        return found | suspected
    # What is an IBAN matters only to a text that seems to hold a number.
    others = {place: " ".join([word or BREAK for word in without_ibans(each[place].split())]) for place in suspected}
    return found | _with_numbers(others)


def long_runs(text: bytes) -> int:
    """How often 12 digits follow each other in ASCII text, separators left out. If never, it holds no card number."""
    return text.translate(_ANY_DIGIT, SEPARATORS).count(_LONG_RUN)


def _words(text: str) -> str:
    """The runs of letters and digits of ASCII text with a space between them, and a letter for each telephone."""
    if "+" in text:
        text = _PLUS.sub(LETTER, _TELEPHONE.sub(LETTER, text))
    return " ".join(text.encode().translate(_SPACED).decode().split())


def _with_numbers(words: Mapping[int, str]) -> set[int]:
    """The places of those texts, by their words, that hold a card number."""
    chains, places = list[str](), list[int]()
    has_labels = _LETTER_AND_DIGIT.search(" ".join(words.values())) is not None
    for place, text in words.items():
        for chain in _CHAIN.findall(_LABEL.sub(r"\1 ", f" {text}") if has_labels else text):
            if len(chain) - chain.count(" ") >= SEARCHED_LENGTHS.start:
                chains.append(chain)
                places.append(place)
    return {places[number] for number in chains_with_numbers(chains)} if chains else set()
