"""Values of features as people read them in the reasons of an alert."""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from fraud.features.feature import Feature, Unit
from fraud.features.missing_words import WITHOUT_VALUE
from fraud.features.transaction_features import ENTRY_MODES, GENDERS
from fraud.observations.category_codes import CATEGORIES

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_STEP_KM: Final = 0.0111
_SPANS: Final = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))
_OTHER: Final = "another"
_UNKNOWN: Final = "unknown"


def in_words(feature: Feature[Any], value: float | None) -> str:
    """What a feature's value says of the transaction, as a clause of a sentence; or that it has no value."""
    word = _UNKNOWN if value is None else _WORDS[feature.unit](value)
    if word == _UNKNOWN and feature.name in WITHOUT_VALUE:
        return WITHOUT_VALUE[feature.name]
    return feature.text.format(word)


def _span(seconds: float) -> str:
    for size, name in _SPANS:
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} seconds"


def _one_of(names: tuple[str, ...], first_code: int) -> Callable[[float], str]:
    def word(code: float) -> str:
        place = int(code) - first_code
        return names[place] if 0 <= place < len(names) else _OTHER

    return word


_WORDS: Final[Mapping[Unit, Callable[[float], str]]] = {
    "cents": lambda cents: f"{cents / 100:,.2f} USD",
    "seconds": _span,
    "years": lambda years: f"{years:.0f} years",
    "count": lambda count: f"{count:.0f}",
    "ratio": lambda ratio: f"{ratio:,.2f} times",
    "share": lambda share: f"{share:.0%}",
    "category": _one_of(CATEGORIES, 2),
    "entry mode": _one_of(ENTRY_MODES, 1),
    "gender": _one_of(GENDERS, 1),
    "hour": lambda hour: f"{hour:02.0f}:00",
    "weekday": lambda day: _DAYS[int(day)],
    "people": lambda people: f"{people:,.0f} people",
    "squared steps": lambda squared: f"{math.sqrt(squared) * _STEP_KM:,.0f} km",
    "squared steps per squared second": lambda squared: f"{math.sqrt(squared) * _STEP_KM * 3_600:,.0f} km/h",
    "millilogit": lambda millilogit: f"{millilogit / 1_000:+.1f} (log-odds)",
}
