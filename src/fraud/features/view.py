"""A transaction beside its card's priors: what features are functions of."""

from bisect import bisect_right
from itertools import compress
from typing import Final

from fraud.history.columns import Columns
from fraud.observations.category_codes import category_code
from fraud.observations.distances import degrees_e4, squared_steps
from fraud.observations.observation import Observation
from fraud.observations.reference_amount import reference_amount

HOUR_S: Final = 3_600
DAY_S: Final = 86_400
WEEK_S: Final = 7 * DAY_S
MONTH_S: Final = 30 * DAY_S
_IS: Final = tuple(bytes(code == category for code in range(256)) for category in range(256))
"""By category: what turns a column of codes into ones where the code is this one, and zeros elsewhere."""


class View:
    """What several features need is found once.

    Attributes:
        at_s: when the transaction was made, in seconds since 1970.
        amount: in hundredths of a US dollar.
        category: its code.
        times: those of all priors, oldest first; so with `amounts` and `categories` at the same places.
        end: the number of priors; the lists go on behind it for a transaction that came late.
        hour: where the priors of the last hour begin; so with `day`, `week` and `month` (30 days).
        date: where the priors of the same UTC date begin.
        month_amounts: the amounts of the priors of 30 days; so with `week_amounts` and `day_amounts`.
        month_amount: their sum; so with `day_amount`.
        alike_amounts: those of 30 days in the same category.
        last_alike: where the newest of these stands; -1 without any.
        place: of the merchant in ten-thousandths of a degree, latitude first; None where it is not known.
        from_last: the squared distance from the place before, in squared steps; None where it is not known.
    """

    __slots__ = (
        "alike_amounts", "amount", "amounts", "at_s", "categories", "category", "columns", "date", "day",
        "day_amount", "day_amounts", "end", "from_last", "hour", "last_alike", "month", "month_amount",
        "month_amounts", "observation", "place", "times", "week", "week_amounts",
    )  # fmt: skip

    def __init__(self, observation: Observation, columns: Columns) -> None:
        self.observation = observation
        self.columns = columns
        self.at_s = at_s = observation.occurred_at_s
        self.amount = reference_amount(observation.amount_minor, observation.currency)
        self.category = category_code(observation.category)
        self.times = times = columns.times
        self.amounts = columns.amounts
        self.categories = columns.categories
        self.end = end = bisect_right(times, at_s)
        self.month = month = bisect_right(times, at_s - MONTH_S, 0, end)
        self.week = week = bisect_right(times, at_s - WEEK_S, month, end)
        self.day = day = bisect_right(times, at_s - DAY_S, week, end)
        self.hour = bisect_right(times, at_s - HOUR_S, day, end)
        self.date = bisect_right(times, at_s - at_s % DAY_S - 1, day, end)
        self.month_amounts = amounts = columns.amounts[month:end].tolist()
        self.week_amounts = amounts[week - month :]
        self.day_amounts = amounts[day - month :]
        self.month_amount = sum(amounts)
        self.day_amount = sum(self.day_amounts)
        alike = columns.categories[month:end].translate(_IS[self.category])
        self.alike_amounts = list(compress(amounts, alike))
        self.last_alike = month + alike.rfind(1) if self.alike_amounts else -1
        self.place = place = _place(observation)
        self.from_last = None
        last = columns.last_place
        if last is not None and place is not None and last.occurred_at_s <= at_s:
            self.from_last = squared_steps(last.latitude_e4, last.longitude_e4, *place)


def _place(observation: Observation) -> tuple[int, int] | None:
    latitude, longitude = observation.merchant_latitude, observation.merchant_longitude
    if latitude is None or longitude is None:
        return None
    return degrees_e4(latitude, 90), degrees_e4(longitude, 180)
