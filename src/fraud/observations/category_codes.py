"""Categories of merchants as small integers, which histories keep and trees split.

The table only ever grows, at its end: a code in a packed history means the same for ever.
"""

from typing import Final

CATEGORIES: Final = (
    "entertainment", "food_dining", "gas_transport", "grocery_net", "grocery_pos", "health_fitness", "home",
    "kids_pets", "misc_net", "misc_pos", "personal_care", "shopping_net", "shopping_pos", "travel",
)  # fmt: skip
NO_CATEGORY: Final = 0
OTHER_CATEGORY: Final = 1
"""Of every category that the table lacks."""
_CODES: Final = {name: code for code, name in enumerate(CATEGORIES, OTHER_CATEGORY + 1)}


def category_code(category: str | None) -> int:
    """The code of a category, from 0 to 255."""
    return NO_CATEGORY if category is None else _CODES.get(category, OTHER_CATEGORY)
