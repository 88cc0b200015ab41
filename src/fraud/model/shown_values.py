"""Values of features as people read them."""

import math
from collections.abc import Callable, Mapping
from typing import Final

from fraud.features.feature import Unit, Value
from fraud.features.transaction_features import ENTRY_MODES, GENDERS
from fraud.observations.category_codes import CATEGORIES, OTHER_CATEGORY

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DURATIONS: Final = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))
_KM_PER_STEP: Final = 0.01113
"""A ten-thousandth of a degree of latitude."""


def shown(value: Value, unit: Unit) -> str:
    """A value with its unit, as a sentence takes it."""
    if value is None:
        return "unknown"
    return _FORMS[unit](value) if unit in _FORMS else f"{value:,}"


def _duration(seconds: float) -> str:
    for length, name in _DURATIONS:
        if abs(seconds) >= 2 * length:
            return f"{seconds / length:,.0f} {name}"
    return f"{seconds:,.0f} seconds"


def _named(place: int, names: tuple[str, ...]) -> str:
    return names[place] if 0 <= place < len(names) else "another"


def _distance(squared: float) -> float:
    """Kilometres, or kilometres a second."""
    return math.sqrt(max(squared, 0)) * _KM_PER_STEP


_FORMS: Final[Mapping[Unit, Callable[[int | float], str]]] = {
    "cents": lambda value: f"${value / 100:,.2f}",
    "seconds": _duration,
    "ratio": lambda value: f"{value:.1f} times",
    "category": lambda value: _named(int(value) - OTHER_CATEGORY - 1, CATEGORIES),
    "entry mode": lambda value: _named(int(value) - 1, ENTRY_MODES),
    "gender": lambda value: _named(int(value) - 1, GENDERS),
    "weekday": lambda value: _named(int(value), _WEEKDAYS),
    "hour": lambda value: f"{int(value)}:00",
    "days": lambda value: f"{value:,} days",
    "years": lambda value: f"{value:,} years",
    "squared steps": lambda value: f"about {_distance(value):,.0f} km",
    "squared steps per squared second": lambda value: f"{_distance(value) * 3_600:,.0f} km/h",
    "millilogit": lambda value: f"{value / 1000:+.1f}",
}
