"""Magnetic stripe data (ISO/IEC 7813) in text: it holds a card number, and may never be kept (PCI DSS 3.3.1).

Track 1 is `%B`, the number, `^`, the name, `^`, expiry and service code; track 2 is `;`, the number, `=`, expiry and
service code. A chip writes `D` for track 2's `=` (EMV Book 3, tag 57). Readers often drop the sentinels `%` and `;`.
"""

import re
from typing import Final

_GAP: Final = "[ ._/-]{0,2}"  # some cards have spaces in the number of track 1
_NAME_CHARACTERS_MAX: Final = 30
_DIGITS_MAX: Final = 19
_ASCII_DIGITS: Final = "0123456789"

# The number of track 1 and the caret behind it, read from behind: what begins at a caret is looked for once a caret,
# what begins at a digit once a digit.
_FIRST_TRACK: Final = re.compile(rf"\^{_GAP}[0-9](?:{_GAP}[0-9]){{11,18}}[A-Za-z]?(?![A-Za-z0-9])")
_SECOND_TRACK: Final = re.compile(r"[=Dd](?<=[0-9]{12}[=Dd])[0-9]{2}(?:0[1-9]|1[0-2])[0-9]{3}")  # expiry, service
_SECOND_OR_THIRD_TRACK: Final = re.compile(r";[0-9]{12,21}=")  # track 3 has two digits more in front
# What is in every text in which these find something, with a 0 for each digit: looked for in a tenth of the time.
_KINDS: Final = bytes.maketrans(b"123456789Dd", b"000000000==")
_BEFORE_A_SEPARATOR: Final = b"0" * 12 + b"="
_BEHIND_A_SENTINEL: Final = b";" + b"0" * 12


def holds_track_data(text: str) -> bool:
    """Whether ASCII text holds a track with a number of 12 to 19 digits, whoever issued it."""
    if "^" in text and _holds_first_track(text[::-1]):
        return True
    kinds = text.encode().translate(_KINDS)
    if _BEHIND_A_SENTINEL in kinds and _SECOND_OR_THIRD_TRACK.search(text):
        return True
    return _BEFORE_A_SEPARATOR in kinds and any(
        _is_behind_a_number(text, found.start()) for found in _SECOND_TRACK.finditer(text)
    )


def _holds_first_track(backwards: str) -> bool:
    """Whether one has its start sentinel, or a second caret behind the name."""
    for found in _FIRST_TRACK.finditer(backwards):
        start, end = found.span()
        if backwards[end : end + 1] == "%":
            return True
        if backwards.rfind("^", max(0, start - _NAME_CHARACTERS_MAX - 1), start) >= 0:
            return True
    return False


def _is_behind_a_number(text: str, separator: int) -> bool:
    """Whether a number of track 2 ends where its separator stands: a word of digits, or the end of one."""
    before = text[max(0, separator - _DIGITS_MAX - 1) : separator]
    rest = before.rstrip(_ASCII_DIGITS)
    return len(before) - len(rest) <= _DIGITS_MAX and not rest[-1:].isalnum()
