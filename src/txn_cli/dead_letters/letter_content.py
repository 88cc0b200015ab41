"""The bytes of an opened letter for a terminal: they cannot act on it, and what may be a card number is masked."""

import re
from typing import Final

from txn_core.printable import printable_lines

MASK: Final = "*"
TAIL_SHOWN: Final = 4

# A run of 8 or more digits, or of 13 or more with single separators in between: whatever may be a card number, also
# one that is mistyped, so without a check digit. Dates have fewer digits. NUL is a separator, for UTF-16.
_SEPARATOR: Final = r"[\s.\x00\u00ad\u200b-\u200d\u2060\-\u2010-\u2015_/]"
_MAY_BE_CARD_NUMBER = re.compile(rf"\d{{8,}}|\d(?:{_SEPARATOR}?\d){{12,}}")


def masked(text: str) -> str:
    """The text with whatever may be a card number masked but for its last four digits."""
    return _MAY_BE_CARD_NUMBER.sub(_hidden, text)


def shown(data: bytes, *, raw: bool) -> str:
    """Bytes as printable text: others are escaped, so that a terminal is not told what to do."""
    text = data.decode(errors="backslashreplace")
    return printable_lines(text if raw else masked(text))


def _hidden(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return MASK * (len(digits) - TAIL_SHOWN) + digits[-TAIL_SHOWN:]
