"""Text in ASCII: one spelling of what Unicode spells in many ways, so that no script hides a digit.

Each character is spelt by itself. Normalising a whole text sorts its combining marks, which takes quadratic time.
"""

import sys
import unicodedata
from array import array
from collections.abc import Sequence
from typing import Final

SEPARATORS: Final = bytes(code for code in range(128) if not chr(code).isalnum())
"""What `bytes.translate` is to delete for ASCII letters and digits to be left alone."""

LETTER: Final = " x "
"""What a letter outside ASCII becomes: a word of its own, which neither joins digits nor belongs to them."""

_SPELLINGS_KEPT_MAX: Final = 4_096
_ASCII: Final = bytes(range(128))
_SHORT: Final = 32
_FEW: Final = 16
# Letters by their category, and drawn as nothing (Default_Ignorable_Code_Point) or as a dash.
_HANGUL_FILLERS: Final = "\u115f\u1160"
_DRAWN_AS_A_DASH: Final = "\u1173"  # what NFKC makes of U+3161
_IDEOGRAPHIC_ZERO: Final = "\u3007"
# Not assigned, and drawn as nothing nevertheless.
_IGNORABLE: Final = (range(0x2065, 0x2066), range(0xFFF0, 0xFFF9), range(0xE0000, 0xE1000))


class _Spellings(dict[int, str]):
    """The spelling of each code point, found out when it is first met.

    The first `_SPELLINGS_KEPT_MAX` are kept as a dictionary has them. Of all others two bytes are kept: somebody who
    sends a thousand new characters with each request would have each of them spelt again, for ten times the price.
    """

    def __init__(self) -> None:
        super().__init__()
        self._different = [""]
        self._numbers = {"": 0}
        self._kept = array("H", bytes(2 * (sys.maxunicode + 1)))  # 0 until it is known, then a number and 1

    def __missing__(self, code: int) -> str:
        if number := self._kept[code]:
            return self._different[number - 1]
        spelling = "".join(map(_spelling, unicodedata.normalize("NFKC", chr(code))))
        if len(self) < _SPELLINGS_KEPT_MAX:
            self[code] = spelling
            return spelling
        number = self._numbers.setdefault(spelling, len(self._different))
        if number == len(self._different):
            self._different.append(spelling)
        self._kept[code] = number + 1
        return spelling


_spellings = _Spellings()


def plain(text: str) -> str:
    """The text in ASCII.

    Every Unicode digit is its ASCII one, compatible characters are their ASCII equivalents (NFKC), what is drawn as
    nothing is gone, any other letter is `LETTER`, and all that is left is a space.
    """
    if text.isascii():
        return text
    if len(text) <= _SHORT:
        return text.translate(_spellings)
    others = _other_characters(text)
    return _with_few_spelt(text, others) if len(others) <= _FEW else text.translate(_spellings)


def plain_texts(texts: Sequence[str]) -> list[str]:
    """The same of many texts at once, with a space for each NUL: one pass takes less than many."""
    together = "\0".join(texts)
    if together.count("\0") < len(texts):
        if together.isascii():
            return together.split("\0")
        if len(others := _other_characters(together)) <= _FEW:
            return _with_few_spelt(together, others).split("\0")
    return [plain(text).replace("\0", " ") for text in texts]


def _other_characters(text: str) -> set[str]:
    """A text's characters outside ASCII."""
    return set(text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass"))


def _with_few_spelt(text: str, others: set[str]) -> str:
    """The text with these characters spelt: one search for each takes a tenth of a look at every character."""
    for character in others:
        text = text.replace(character, _spellings[ord(character)])
    return text


def ascii_alphanumerics(text: str) -> str:
    """The letters and digits of `plain` text alone: separators hide nothing."""
    return plain(text).encode().translate(None, SEPARATORS).decode()


def _spelling(character: str) -> str:
    if character.isascii():
        return character
    if (digit := unicodedata.digit(character, None)) is not None:
        return str(digit)
    if character == _IDEOGRAPHIC_ZERO:
        return "0"
    category = unicodedata.category(character)
    is_ignorable = any(ord(character) in codes for codes in _IGNORABLE)
    if category == "Cf" or category[0] == "M" or character in _HANGUL_FILLERS or is_ignorable:
        return ""
    # Modifier letters stand for dashes, as the katakana mark U+30FC does.
    is_letter = category[0] in "LN" and category != "Lm" and character != _DRAWN_AS_A_DASH
    return LETTER if is_letter else " "
