"""Habits: the transaction against the card's own amounts and categories of 30 days."""

from typing import Final

from fraud.features.feature import Feature, Value
from fraud.features.view import View


def _to_mean(view: View) -> Value:
    return _ratio(view.amount * len(view.month_amounts), view.month_amount)


def _to_max(view: View) -> Value:
    return _ratio(view.amount, max(view.month_amounts, default=0))


def _as_large(view: View) -> Value:
    amount = view.amount
    return len([prior for prior in view.month_amounts if prior >= amount])


def _category_to_mean(view: View) -> Value:
    return _ratio(view.amount * len(view.alike_amounts), sum(view.alike_amounts))


def _category_to_max(view: View) -> Value:
    return _ratio(view.amount, max(view.alike_amounts, default=0))


def _category_share(view: View) -> Value:
    return _ratio(len(view.alike_amounts), len(view.month_amounts))


def _category_count_month(view: View) -> Value:
    return len(view.alike_amounts)


def _category_count_day(view: View) -> Value:
    return view.categories.count(view.category, view.day, view.end)


def _category_count_week(view: View) -> Value:
    return view.categories.count(view.category, view.week, view.end)


def _category_since(view: View) -> Value:
    return view.at_s - view.times[view.last_alike] if view.last_alike >= 0 else None


def _categories_day(view: View) -> Value:
    return len(set(view.categories[view.day : view.end]))


def _ratio(part: int, whole: int) -> Value:
    return part / whole if whole else None


_OF_CATEGORY: Final = "the card had {} purchases of this category in "

HABIT: Final = (
    Feature("amount_to_mean", "amount", "ratio", "30d", "the amount is {} the card's mean", _to_mean),
    Feature("amount_to_max", "amount", "ratio", "30d", "the amount is {} the card's largest", _to_max),
    Feature("as_large", "amount", "count", "30d", "{} purchases of 30 days were as large", _as_large),
    Feature(
        "category_amount_to_mean", "category", "ratio", "30d",
        "the amount is {} the card's mean in this category", _category_to_mean,
    ),
    Feature(
        "category_amount_to_max", "category", "ratio", "30d",
        "the amount is {} the card's largest in this category", _category_to_max,
    ),
    Feature(
        "category_share", "category", "share", "30d",
        "the share of this category in the card's purchases is {}", _category_share,
    ),
    Feature("category_count_24h", "category", "count", "24h", _OF_CATEGORY + "24 hours", _category_count_day),
    Feature("category_count_7d", "category", "count", "7d", _OF_CATEGORY + "7 days", _category_count_week),
    Feature("category_count_30d", "category", "count", "30d", _OF_CATEGORY + "30 days", _category_count_month),
    Feature(
        "category_since", "category", "seconds", "30d",
        "the last purchase of this category was {} earlier", _category_since,
    ),
    Feature("categories_24h", "category", "count", "24h", "the card used {} categories in 24 hours", _categories_day),
)  # fmt: skip
