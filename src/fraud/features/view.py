"""A transaction beside its card's priors: what features are functions of."""

from bisect import bisect_right
from itertools import compress
from typing import Final

from fraud.history.columns import Columns
from fraud.observations.category_codes import category_code
from fraud.observations.observation import Observation
from fraud.observations.reference_amount import reference_amount

HOUR_S: Final = 3_600
DAY_S: Final = 86_400
WEEK_S: Final = 7 * DAY_S
MONTH_S: Final = 30 * DAY_S


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
        alike: places among the priors of 30 days, counted from `month`, of those of the same category.
        alike_amounts: their amounts.
    """

    __slots__ = (
        "alike", "alike_amounts", "amount", "amounts", "at_s", "categories", "category", "columns", "date", "day",
        "end", "hour", "month", "month_amounts", "observation", "times", "week",
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
        self.month_amounts = columns.amounts[month:end]
        of_category = [code == self.category for code in columns.categories[month:end]]
        self.alike = list(compress(range(end - month), of_category))
        self.alike_amounts = list(compress(self.month_amounts, of_category))
