"""Frauds come by card and day, and the holder of the card goes on buying."""

from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise

import pytest

from txn_cli.simulator.frauds import A_DAY, DAYS, FRAUD_SHARE
from txn_cli.simulator.simulated_rows import simulate_rows

CARDS = 200


@pytest.fixture(name="rows", scope="module")
def _rows() -> list[dict[str, str]]:
    """Rows of 48 days."""
    return list(simulate_rows(rows=20_000, cards=CARDS, seed=5))


@pytest.fixture(name="dates", scope="module")
def _dates(rows: list[dict[str, str]]) -> Counter[tuple[str, str]]:
    """How many frauds each card has on each date that has any."""
    return Counter(_date_of(row) for row in rows if row["is_fraud"] == "1")


def _date_of(row: dict[str, str]) -> tuple[str, str]:
    return row["cc_num"], row["trans_date_trans_time"][:10]


def test_about_as_many_rows_are_frauds_as_in_the_sample_data(dates: Counter[tuple[str, str]]) -> None:
    assert 0.8 * FRAUD_SHARE < dates.total() / 20_000 < 1.2 * FRAUD_SHARE


def test_few_cards_have_them_on_a_few_dates_in_a_row_several_a_date(dates: Counter[tuple[str, str]]) -> None:
    by_card: defaultdict[str, list[date]] = defaultdict(list)
    for card, day in sorted(dates):
        by_card[card].append(date.fromisoformat(day))
    assert 10 < len(by_card) < CARDS / 5
    assert dates.total() / len(dates) > 3
    assert max(dates.values()) <= A_DAY[1]
    thefts = [1 + sum((after - before).days > 1 for before, after in pairwise(days)) for days in by_card.values()]
    assert all(len(days) <= max(DAYS) * count for days, count in zip(by_card.values(), thefts, strict=True))
    assert any(len(days) > 1 for days in by_card.values())


def test_most_are_at_night(rows: list[dict[str, str]]) -> None:
    hours = Counter(row["trans_date_trans_time"][11:13] for row in rows if row["is_fraud"] == "1")
    assert sum(hours[f"{hour:02}"] for hour in (22, 23, 0, 1, 2, 3)) > 0.7 * hours.total()
    assert len(hours) > 10, "yet not all of them"


def test_the_holder_buys_on_these_dates_as_on_others(
    rows: list[dict[str, str]], dates: Counter[tuple[str, str]]
) -> None:
    """Otherwise the date alone would tell what is fraud, as it does in the Kaggle data."""
    there = [row for row in rows if row["is_fraud"] == "0" and _date_of(row) in dates]
    assert 1 < len(there) / len(dates) < 3
