"""Characters that show nothing: merchants are told apart without them, and no text may consist of them alone.

The first table is Unicode's property Default_Ignorable_Code_Point (DerivedCoreProperties.txt), by which NFKC_Casefold
drops characters (The Unicode Standard, 3.13). The property reserves whole ranges for characters to come, so it hardly
changes. It stands here because `unicodedata` does not have it, and because ids are derived by it: no id changes with
a later version of Unicode.
"""

import re
from collections.abc import Iterable
from typing import Final

DEFAULT_IGNORABLE: Final = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x061C, 0x061C),  # Arabic letter mark
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian variation selectors, vowel separator
    (0x200B, 0x200F),  # zero width space and joiners, marks of direction
    (0x202A, 0x202E),  # embeddings and overrides of direction
    (0x2060, 0x206F),  # word joiner, invisible operators, isolates
    (0x3164, 0x3164),  # Hangul filler
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),  # zero width no-break space, the byte order mark
    (0xFFA0, 0xFFA0),  # halfwidth Hangul filler
    (0xFFF0, 0xFFF8),  # reserved
    (0x1BCA0, 0x1BCA3),  # shorthand format controls
    (0x1D173, 0x1D17A),  # musical format controls
    (0xE0000, 0xE0FFF),  # tags, variation selectors, reserved
)
# The other format characters (category Cf), which mark or shape what they stand beside.
_FORMAT: Final = (
    (0x0600, 0x0605),
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0xFFF9, 0xFFFB),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1343F),
)
# Property White_Space without the controls, which are refused anyway; and the Braille cell without dots, a symbol by
# its category and a blank by its looks.
_WHITE_SPACE: Final = (
    (0x0020, 0x0020),
    (0x00A0, 0x00A0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x2800, 0x2800),
    (0x3000, 0x3000),
)


def _members(*tables: Iterable[tuple[int, int]]) -> str:
    """What stands between the brackets of a character class, of any engine: the characters themselves."""
    return "".join(f"{chr(first)}-{chr(last)}" for table in tables for first, last in table)


VISIBLE_PATTERN: Final = f"[^{_members(DEFAULT_IGNORABLE, _FORMAT, _WHITE_SPACE)}]"
"""Found in text that shows something."""

_visible = re.compile(VISIBLE_PATTERN).search
IGNORABLE: Final = re.compile(f"[{_members(DEFAULT_IGNORABLE)}]+")


def shows_something(text: str) -> bool:
    """Whether a text has a character that is neither white space nor invisible."""
    return _visible(text) is not None


def without_ignorable(text: str) -> str:
    """The text without its default-ignorable characters."""
    return IGNORABLE.sub("", text)
