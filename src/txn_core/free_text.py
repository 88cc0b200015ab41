"""The search for card numbers in free text: whether a text holds one that is not the request's own (promise P5).

A card number is 12 to 19 digits, bounded by what is no letter or digit, that end in their check digit and begin as
some scheme's numbers of that length do (`issuer_ranges`). It stands in one group, or in groups as people write card
numbers (`groupings`). Whatever is no letter or digit separates groups. An IBAN is none, nor is what a plus says to be
a telephone number. Track data counts, whatever its number.

The time is linear in the text, and small: nearly no request has as many digits, and those of one that has are sifted
together (`card_windows`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from txn_core.card_windows import BREAK, chains_with_numbers
from txn_core.groupings import SEARCHED_LENGTHS
from txn_core.iban import may_hold_iban, without_ibans
from txn_core.plain_text import LETTER, SEPARATORS, plain
from txn_core.track_data import holds_track_data

_ANY_DIGIT: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG_RUN: Final = b"0" * SEARCHED_LENGTHS.start
_SPACED: Final = bytes(32 if code in SEPARATORS else code for code in range(256))

# A plus that stands behind no digit begins a telephone number, and what stands before it is none of it.
_PLUS: Final = re.compile(r"(?<![0-9])\+(?=\(?[0-9])")
# Numbers as long as a card number, of countries whose calling codes are first digits of one (E.164): Austria and
# Germany; South America, Malaysia, Indonesia, the Philippines and New Zealand.
_TELEPHONE: Final = re.compile(r"(?<![0-9])\+(?:4[39][0-9]{11}|(?:5[789]|6[0234])[0-9]{10,11})(?![A-Za-z0-9])")


def holds_card_number(text: str) -> bool:
    """Whether free text holds a card number that some scheme may have issued, or track data."""
    return bool(texts_with_numbers([plain(text)]))


def texts_with_numbers(texts: Sequence[str]) -> set[int]:
    """The places of those `plain` texts that hold a card number that some scheme may have issued, or track data."""
    # All at once first: nearly no request has as many digits. A letter between two texts keeps them apart.
    together = LETTER.join(texts)
    if not long_runs(together.encode()):
        return set()
    searched = {place: text for place, text in enumerate(texts) if long_runs(text.encode())}
    found = set[int]()
    if holds_track_data(together):
        found = {place for place, text in searched.items() if holds_track_data(text)}
    words = {place: _words(text) for place, text in searched.items() if place not in found}
    suspected = _with_numbers(words)
    # What is an IBAN matters only to a text that seems to hold a number.
    banks = {place for place in suspected if may_hold_iban(searched[place])}
    return found | (suspected - banks) | _with_numbers({place: [*without_ibans(words[place])] for place in banks})


def long_runs(text: bytes) -> int:
    """How often 12 digits follow each other in ASCII text, separators left out. If never, it holds no card number."""
    return text.translate(_ANY_DIGIT, SEPARATORS).count(_LONG_RUN)


def _words(text: str) -> list[str]:
    """The runs of letters and digits of an ASCII text, with a letter for each telephone number."""
    if "+" in text:
        text = _PLUS.sub(LETTER, _TELEPHONE.sub(LETTER, text))
    return text.encode().translate(_SPACED).decode().split()


def _with_numbers(words: Mapping[int, Sequence[str | None]]) -> set[int]:
    """The places of those texts, by their words, that hold a card number."""
    chains = [(place, chain) for place, each in words.items() for chain in _chains(each)]
    if not chains:
        return set()
    return {chains[number][0] for number in chains_with_numbers([chain for _, chain in chains])}


def _chains(words: Sequence[str | None]) -> Iterator[str]:
    """The chains of groups of digits that nothing but separators stands between, if they are long enough."""
    groups = " ".join([word if word is not None and word.isdigit() else BREAK for word in words])
    for each in groups.split(BREAK):
        chain = each.strip()
        if len(chain) - chain.count(" ") >= SEARCHED_LENGTHS.start:
            yield chain
