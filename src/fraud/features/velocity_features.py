"""Velocity: how many purchases, for how much, and how quickly one after the other."""

from typing import Final

from fraud.features.feature import Feature, Value
from fraud.features.view import DAY_S, HOUR_S, View

LARGE: Final = 25_000
"""Hundredths of a US dollar, from which on a purchase counts as large."""
NIGHT_FROM_S: Final = 22 * HOUR_S
NIGHT_TO_S: Final = 4 * HOUR_S


def _count_hour(view: View) -> Value:
    return view.end - view.hour


def _count_day(view: View) -> Value:
    return view.end - view.day


def _count_date(view: View) -> Value:
    return view.end - view.date


def _count_week(view: View) -> Value:
    return view.end - view.week


def _count_month(view: View) -> Value:
    return view.end - view.month


def _amount_hour(view: View) -> Value:
    return sum(view.amounts[view.hour : view.end])


def _amount_day(view: View) -> Value:
    return view.day_amount


def _amount_date(view: View) -> Value:
    return sum(view.amounts[view.date : view.end])


def _amount_week(view: View) -> Value:
    return sum(view.week_amounts)


def _amount_month(view: View) -> Value:
    return view.month_amount


def _max_day(view: View) -> Value:
    return max(view.day_amounts, default=None)


def _max_week(view: View) -> Value:
    return max(view.week_amounts, default=None)


def _large_day(view: View) -> Value:
    return sum([amount >= LARGE for amount in view.day_amounts])


def _night_day(view: View) -> Value:
    seconds_of_day = [time % DAY_S for time in view.times[view.day : view.end]]
    return sum([second >= NIGHT_FROM_S or second < NIGHT_TO_S for second in seconds_of_day])


def _mean_day(view: View) -> Value:
    """With the transaction's own amount, so that there always is one."""
    return (view.day_amount + view.amount) / (view.end - view.day + 1)


def _last_amount(view: View) -> Value:
    return view.amounts[view.end - 1] if view.end else None


def _since_last(view: View) -> Value:
    return view.at_s - view.times[view.end - 1] if view.end else None


def _since_third_last(view: View) -> Value:
    return view.at_s - view.times[view.end - 3] if view.end >= 3 else None


_PURCHASES: Final = "the card had {} purchases in the "
_SPENT: Final = "the card spent {} in the "

VELOCITY: Final = (
    Feature("count_1h", "velocity", "count", "1h", _PURCHASES + "hour before", _count_hour),
    Feature("count_24h", "velocity", "count", "24h", _PURCHASES + "24 hours before", _count_day),
    Feature("count_date", "velocity", "count", "date", "the card had {} purchases earlier that date", _count_date),
    Feature("count_7d", "velocity", "count", "7d", _PURCHASES + "7 days before", _count_week),
    Feature("count_30d", "velocity", "count", "30d", _PURCHASES + "30 days before", _count_month),
    Feature("amount_1h", "velocity", "cents", "1h", _SPENT + "hour before", _amount_hour),
    Feature("amount_24h", "velocity", "cents", "24h", _SPENT + "24 hours before", _amount_day),
    Feature("amount_date", "velocity", "cents", "date", "the card spent {} earlier that date", _amount_date),
    Feature("amount_7d", "velocity", "cents", "7d", _SPENT + "7 days before", _amount_week),
    Feature("amount_30d", "velocity", "cents", "30d", _SPENT + "30 days before", _amount_month),
    Feature("max_24h", "velocity", "cents", "24h", "the largest purchase of 24 hours was {}", _max_day),
    Feature("max_7d", "velocity", "cents", "7d", "the largest purchase of 7 days was {}", _max_week),
    Feature(
        "large_24h",
        "velocity",
        "count",
        "24h",
        "the card had {} purchases of 250 USD and more in 24 hours",
        _large_day,
    ),
    Feature(
        "night_24h",
        "velocity",
        "count",
        "24h",
        "the card had {} purchases from 22:00 to 04:00 UTC in 24 hours",
        _night_day,
    ),
    Feature(
        "mean_24h", "velocity", "cents", "24h", "the mean purchase of 24 hours, this one included, is {}", _mean_day
    ),
    Feature("last_amount", "velocity", "cents", "card", "the purchase before was of {}", _last_amount),
    Feature("since_last", "velocity", "seconds", "card", "the purchase before was {} earlier", _since_last),
    Feature(
        "since_third_last", "velocity", "seconds", "card", "the third last purchase was {} earlier", _since_third_last
    ),
)
