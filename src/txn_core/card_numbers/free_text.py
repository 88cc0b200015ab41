"""The search for card numbers in free text: whether a text holds one that is not the request's own.

It keeps promise P5 (docs/delivery.md).

A card number is 12 to 19 digits, bounded by what is no letter or digit, that end in their check digit and begin as
some scheme's numbers of that length do (`issuer_ranges`). It stands in one group, or in groups as people write card
numbers (`groupings`). Whatever is no letter or digit separates groups. An IBAN is none, nor is what a plus says to be
a telephone number. Track data counts, whatever its number.

The time is linear in the text, and small: nearly no request has as many digits, and those of one that has are sifted
together (`card_windows`).
"""

import re
from collections.abc import Sequence
from typing import Final

from txn_core.card_numbers.card_windows import chains_with_numbers
from txn_core.card_numbers.groupings import SEARCHED_LENGTHS
from txn_core.card_numbers.iban import kinds_of, may_hold_iban, without_ibans
from txn_core.card_numbers.track_data import holds_track_data
from txn_core.transactions.plain_text import LETTER, SEPARATORS, plain_texts

_ANY_DIGIT: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG_RUN: Final = b"0" * SEARCHED_LENGTHS.start
_RUNS_WITH_IBANS_MAX: Final = 16  # an IBAN has two at most; whoever writes more digits wants to make work
_NUL: Final = "\0"  # none of the texts holds one (`plain_texts`)
_BETWEEN: Final = f" {_NUL} "
_SPACED: Final = bytes(32 if code in SEPARATORS and code else code for code in range(256))

# Groups of digits that nothing but a space stands between, and what stands between two texts.
_CHAIN: Final = re.compile(rf"[0-9](?<![A-Za-z0-9].)[0-9 ]*[0-9](?![A-Za-z0-9])|{_NUL}")

# A word that is written together with the number behind it, as in "card4111 ...".
_LETTER_AND_DIGIT: Final = b"A0"
# As many digits, or spaces, behind it as a card number has: others need not be told apart.
_LABEL: Final = re.compile(rf"( [A-Za-z]{{2,}}+)(?=[0-9][0-9 ]{{{SEARCHED_LENGTHS.start - 1}}})")

# A plus that stands behind no digit begins a telephone number, and what stands before it is none of it. Nor are the
# digits of numbers as long as a card number, of countries whose calling codes are first digits of one (E.164):
# Austria and Germany; South America, Malaysia, Indonesia, the Philippines and New Zealand. Right behind such a number
# another one may begin.
_PLUS: Final = r"\+(?=\(?[0-9])"
_TELEPHONE: Final = re.compile(
    rf"{_PLUS}(?<![0-9]\+)(?:(?:4[39][0-9]{{11}}|(?:5[789]|6[0234])[0-9]{{10,11}})(?![A-Za-z0-9])(?:{_PLUS})?)?"
)


def holds_card_number(text: str) -> bool:
    """Whether free text holds a card number that some scheme may have issued, or track data."""
    return bool(texts_with_numbers(plain_texts([text])))


def texts_with_numbers(texts: Sequence[str]) -> set[int]:
    """The places of those `plain_texts` that hold a card number that some scheme may have issued, or track data."""
    together = _BETWEEN.join(texts)
    if not (runs := long_runs(together.replace(_BETWEEN, LETTER).encode())):
        return set()  # as nearly always
    found = set[int]()
    if holds_track_data(together):
        found = {place for place, text in enumerate(texts) if holds_track_data(text)}
    words = _words(together)
    kinds = kinds_of(words)
    if runs <= _RUNS_WITH_IBANS_MAX and may_hold_iban(kinds):
        words = without_ibans(words)
    if _LETTER_AND_DIGIT in kinds:
        words = _with_labels_apart(words)
    return found | _with_numbers(words)


def _with_labels_apart(words: str) -> str:
    """Words with a space between a label and the digits behind it."""
    pieces = _LABEL.split(f" {words}")  # by turns text and a label: half as much work as to substitute
    pieces[1::2] = [f"{label} " for label in pieces[1::2]]
    return "".join(pieces)


def long_runs(text: bytes) -> int:
    """How often 12 digits follow each other in ASCII text, separators left out. If never, it holds no card number."""
    return text.translate(_ANY_DIGIT, SEPARATORS).count(_LONG_RUN)


def _words(text: str) -> str:
    """The runs of letters and digits of ASCII text with a space between them, and a letter for each telephone."""
    if "+" in text:
        text = _TELEPHONE.sub(LETTER, text)
    spaced = text.encode().translate(_SPACED)
    while b"  " in spaced:
        spaced = spaced.replace(b"  ", b" ")
    return spaced.decode()


def _with_numbers(words: str) -> set[int]:
    """The places of those texts, by the words of all, that hold a card number."""
    found = _CHAIN.findall(words)
    sizes = map(len, "x".join(found).replace(" ", "").split("x"))
    long = [number for number, size in enumerate(sizes) if size >= SEARCHED_LENGTHS.start]
    with_numbers = chains_with_numbers([found[number] for number in long])
    return {found[: long[number]].count(_NUL) for number in with_numbers}
