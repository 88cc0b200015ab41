"""What a reason says where a feature has no value, in which "unknown" would make no sentence of the feature's text.

The texts of features are part of the feature set's digest, to which models are bound. These clauses are not, so they
may be changed without another feature set.
"""

from collections.abc import Mapping
from typing import Final

_NO_PURCHASE: Final = "no earlier purchase of the card is known"
_NOTHING_SPENT: Final = "the card spent nothing in the 30 days before"
_NOTHING_ON_IT: Final = "the card spent nothing in this category in the 30 days before"
_DATE_UNSCORED: Final = "no purchase earlier that date has a score"

WITHOUT_VALUE: Final[Mapping[str, str]] = {
    "entry_mode": "how the card was read is unknown",
    "holder_age": "the holder's age is unknown",
    "city_population": "the population of the holder's town is unknown",
    "max_24h": "the card had no purchase in the 24 hours before",
    "max_7d": "the card had no purchase in the 7 days before",
    "last_amount": _NO_PURCHASE,
    "since_last": _NO_PURCHASE,
    "since_third_last": "fewer than three earlier purchases of the card are known",
    "amount_to_mean": _NOTHING_SPENT,
    "amount_to_max": _NOTHING_SPENT,
    "category_amount_to_mean": _NOTHING_ON_IT,
    "category_amount_to_max": _NOTHING_ON_IT,
    "category_share": "the card had no purchase in the 30 days before",
    "category_since": "the card had no purchase of this category in the 30 days before",
    "from_home": "the distance from the holder's home is unknown",
    "from_last": "the distance from the place before is unknown",
    "speed": "the speed since the place before is unknown",
    "card_age": _NO_PURCHASE,
    "stage1_newest": "the purchase before has no score",
    "stage1_max_1h": "no purchase of the hour before has a score",
    "stage1_max_date": _DATE_UNSCORED,
    "stage1_max_24h": "no purchase of the 24 hours before has a score",
    "stage1_max_7d": "no purchase of the 7 days before has a score",
    "stage1_min_date": _DATE_UNSCORED,
    "stage1_mean_date": _DATE_UNSCORED,
}
"""By the names of features. "The category is unknown" and "the gender is unknown" are sentences as they are."""
