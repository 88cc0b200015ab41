"""Names that others gave, of files and of members of archives, as they may be kept and shown (promise P5)."""

import re
from typing import Final

from txn_core.card_numbers.free_text import holds_card_number
from txn_core.printable import printable

WITHHELD: Final = "(name withheld: it may hold a card number)"
_NAME_CHARS_MAX: Final = 1_024
_LONG_NUMBER: Final = re.compile(r"[0-9]{12}")


def shown_name(name: str) -> str:
    """A file's name as it may be kept and shown: not when a card number could be in it, also within a longer word."""
    return WITHHELD if may_hold_card_number(name) else printable(name[:_NAME_CHARS_MAX])


def may_hold_card_number(text: str) -> bool:
    """Whether a card number could be in a text, also within a longer word."""
    return holds_card_number(text) or _LONG_NUMBER.search(text) is not None
