"""Features of the transaction alone: how much, for what, when, and who holds the card."""

from datetime import date
from typing import Final

from fraud.features.feature import Feature, Value
from fraud.features.view import DAY_S, HOUR_S, View
from fraud.observations.category_codes import NO_CATEGORY

_OTHER: Final = 0
ENTRY_MODES: Final = (
    "unknown", "manual", "magnetic_stripe", "chip", "contactless", "fallback", "ecommerce", "credential_on_file",
)  # fmt: skip
GENDERS: Final = ("F", "M")
_ENTRY_MODE_CODES: Final = {name: code for code, name in enumerate(ENTRY_MODES, _OTHER + 1)}
_GENDER_CODES: Final = {name: code for code, name in enumerate(GENDERS, _OTHER + 1)}
_WEEKDAY_OF_1970: Final = 3  # 1970-01-01 was a Thursday; Mondays are 0
_DAYS_TO_1970: Final = date(1970, 1, 1).toordinal()
_DATE_LENGTH: Final = len("2019-01-01")  # Python reads other forms of ISO 8601, too
_YEAR_DAYS_E4: Final = 3_652_425  # ten-thousandths of a day in a Gregorian year
_CITIZENS_MAX: Final = 2**53


def _amount(view: View) -> Value:
    return view.amount


def _category(view: View) -> Value:
    return None if view.category == NO_CATEGORY else view.category


def _entry_mode(view: View) -> Value:
    mode = view.observation.entry_mode
    return None if mode is None else _ENTRY_MODE_CODES.get(mode, _OTHER)


def _hour(view: View) -> Value:
    return view.at_s % DAY_S // HOUR_S


def _second_of_day(view: View) -> Value:
    return view.at_s % DAY_S


def _weekday(view: View) -> Value:
    return (view.at_s // DAY_S + _WEEKDAY_OF_1970) % 7


def _holder_age(view: View) -> Value:
    """Whole years of 365.2425 days, so that a birthday on 29 February needs no rule."""
    born = view.observation.date_of_birth
    if born is None or len(born) != _DATE_LENGTH or born[4] != "-" or born[7] != "-":
        return None
    try:
        born_day = date.fromisoformat(born).toordinal() - _DAYS_TO_1970
    except ValueError:  # an event of a foreign producer
        return None
    return (view.at_s // DAY_S - born_day) * 10_000 // _YEAR_DAYS_E4


def _gender(view: View) -> Value:
    gender = view.observation.gender
    return None if gender is None else _GENDER_CODES.get(gender, _OTHER)


def _city_population(view: View) -> Value:
    population = view.observation.city_population
    return None if population is None else min(max(population, 0), _CITIZENS_MAX)


TRANSACTION: Final = (
    Feature("amount", "transaction", "cents", "none", "the amount is {}", _amount),
    Feature("category", "transaction", "category", "none", "the merchant's category is {}", _category),
    Feature("entry_mode", "transaction", "entry mode", "none", "the card was read by {}", _entry_mode),
    Feature("hour", "time", "hour", "none", "it was made in the hour from {} UTC", _hour),
    Feature("second_of_day", "time", "seconds", "none", "it was made {} after midnight UTC", _second_of_day),
    Feature("weekday", "time", "weekday", "none", "it was made on a {}", _weekday),
    Feature("holder_age", "holder", "years", "none", "the holder is {} old", _holder_age),
    Feature("gender", "holder", "gender", "none", "the holder's gender is {}", _gender),
    Feature("city_population", "holder", "people", "none", "{} live in the holder's town", _city_population),
)
