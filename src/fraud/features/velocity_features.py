"""Velocity: how many purchases, for how much, and how quickly one after the other."""

from typing import Final

from fraud.features.feature import Feature, Value
from fraud.features.view import View


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
    return sum(view.amounts[view.day : view.end])


def _amount_date(view: View) -> Value:
    return sum(view.amounts[view.date : view.end])


def _amount_week(view: View) -> Value:
    return sum(view.amounts[view.week : view.end])


def _amount_month(view: View) -> Value:
    return sum(view.month_amounts)


def _max_day(view: View) -> Value:
    return max(view.amounts[view.day : view.end], default=None)


def _max_week(view: View) -> Value:
    return max(view.amounts[view.week : view.end], default=None)


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
    Feature("since_last", "velocity", "seconds", "30d", "the purchase before was {} earlier", _since_last),
    Feature(
        "since_third_last", "velocity", "seconds", "30d", "the third last purchase was {} earlier", _since_third_last
    ),
)
