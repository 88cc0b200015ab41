"""What is said to be seen is computed from the rows: made-up tables give known sentences."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from insight.sentences.seen import SENTENCES
from insight.sentences.words import Cell, money
from warehouse.questions.catalogue import questions

JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)


def cells(names: str, *rows: Sequence[Any], partial: Sequence[int] = ()) -> list[Cell]:
    """Cells of these columns; numbers with a point are decimals."""
    return [
        {name: Decimal(str(value)) if isinstance(value, float) else value
         for name, value in zip(names.split(), row, strict=True)} | {"is_partial": number in partial}
        for number, row in enumerate(rows)
    ]  # fmt: skip


def test_spend_names_the_region_and_its_month_in_the_main_currency() -> None:
    made = cells(
        "month region currency customers transactions net net_a_transaction",
        (JANUARY, "West", "USD", 9, 40, 100.0, 2.5),
        (FEBRUARY, "West", "USD", 9, 50, 200.5, 4.01),
        (FEBRUARY, "South", "USD", 9, 60, 99.5, 1.0),
        (FEBRUARY, "South", "JPY", 9, 3, 9_000_000.0, 1.0),
        partial=[1],
    )
    assert SENTENCES["q01"](made) == (
        "In USD, West spends most: 300.50 USD, 75 % of what is shown. "
        "Its highest month is February 2026 (a partial month) with 200.50 USD."
    )


def test_refunds_alone_have_no_part_of_a_whole() -> None:
    made = cells(
        "month region currency customers transactions net net_a_transaction",
        (JANUARY, "West", "KWD", 9, 40, -1.5, -0.1),
    )
    assert SENTENCES["q01"](made).startswith("In KWD, West spends most: -1.500 KWD. ")


def test_half_a_cent_counts_as_one() -> None:
    """As on the pages, and in the numbers that are rounded in SQL."""
    assert [money(Decimal(text), "USD") for text in ("86.165", "-86.165", "0.004")] == [
        "86.17 USD", "-86.17 USD", "0.00 USD",
    ]  # fmt: skip


def test_preferences_name_both_ends() -> None:
    made = cells(
        "region category currency customers share share_everywhere preference",
        ("West", "travel", "USD", 50, 5.14, 4.42, 116),
        ("South", "home", "USD", 90, 8.0, 8.0, 100),
        ("South", "travel", "USD", 60, 4.0, 4.42, 90),
        ("South", "food", "EUR", 5, 40.0, 4.0, 1000),
    )
    assert SENTENCES["q02"](made) == (
        "In USD, West prefers travel most: its share is 5.14 % there and 4.42 % everywhere (116, where 100 is even). "
        "The least wanted is travel in South (90)."
    )


def test_women_and_men_are_compared_where_both_are_shown() -> None:
    columns = "category gender currency customers transactions_a_customer net_a_customer"
    made = cells(
        columns,
        ("travel", "F", "USD", 9, 1.0, 40.0),
        ("travel", "M", "USD", 9, 1.0, 100.0),
        ("home", "F", "USD", 9, 1.0, 90.0),
        ("home", "M", "USD", 9, 1.0, 80.0),
        ("food", "F", "USD", 9, 1.0, 9000.0),
    )
    assert SENTENCES["q03"](made) == (
        "In USD, women and men differ most on travel: men spend 2.50 times as much as women, 100.00 USD a customer "
        "against 40.00 USD."
    )
    even = cells(columns, ("home", "F", "USD", 9, 1.0, 90.0), ("home", "M", "USD", 9, 1.0, 90.0))
    assert SENTENCES["q03"](even) == "In USD, women and men spend the same in every category."


def test_ages_are_compared_by_category() -> None:
    made = cells(
        "age_band category customers transactions share",
        ("18-24", "home", 9, 10, 4.0), ("65 and over", "home", 9, 10, 9.5),
        ("18-24", "food", 9, 10, 7.0), ("65 and over", "food", 9, 10, 6.0), ("unknown", "food", 9, 10, 99.0),
    )  # fmt: skip
    assert SENTENCES["q04"](made) == (
        "Ages differ most on home: 9.5 % of the transactions of 65 and over, 4.0 % of those of 18-24."
    )


def test_hours_name_the_busiest_and_the_quietest() -> None:
    made = cells(
        "weekday weekday_name hour_utc customers transactions share",
        (1, "Monday", 15, 9, 2148, 1.01),
        (3, "Wednesday", 6, 9, 670, 0.3),
        (7, "Sunday", 0, 0, 0, 0.0),
    )
    assert SENTENCES["q05"](made) == (
        "The busiest hour is Monday 15:00 UTC with 2,148 transactions (1.01 % of all); the quietest shown is Sunday "
        "00:00 UTC with 0."
    )
    assert SENTENCES["q05"](made[2:]) == ""


def test_the_leading_merchant_is_named_with_the_next_one() -> None:
    made = cells(
        "category currency standing merchant customers transactions net",
        ("food", "USD", 1, "Alpha", 40, 100, 900.0),
        ("food", "USD", 3, "Gamma", 40, 100, 500.0),
        ("home", "USD", 1, "Beta", 40, 100, 800.0),
    )
    assert SENTENCES["q06"](made) == (
        "In USD, Alpha takes most of all in one category: 900.00 USD in food, from 40 customers; the next shown "
        "there is Gamma with 500.00 USD."
    )


def test_states_are_above_or_below_by_their_whole_interval() -> None:
    made = cells(
        "state state_name customers labelled frauds frauds_in_10000 from_at_least to_at_most",
        ("AA", "A", 90, 10_000, 400, 400.0, 363.0, 440.0),
        ("BB", "B", 90, 10_000, 50, 50.0, 38.0, 66.0),
        ("CC", "C", 9, 100, 3, 300.0, 102.0, 845.0),
    )
    assert SENTENCES["q07"](made) == (
        "Of 10,000 labelled transactions in the states shown, 225.4 are fraud. In 1 of 3 states fraud is above that "
        "even by the lower end of the interval: AA (400.0). In 1 it is surely below."
    )
    assert "In none of 2 states is fraud surely above that" in SENTENCES["q07"]([made[0], made[0]])
    assert SENTENCES["q07"](made[2:]) == (
        "Of 10,000 labelled transactions in C, 300.0 are fraud: 3 of 100. The 95 % interval is 102.0 to 845.0."
    )
    assert SENTENCES["q07"]([made[2] | {"state": "??"}]).startswith(
        "Of 10,000 labelled transactions of no known state,"
    )


def test_few_transactions_do_not_win() -> None:
    made = cells(
        "gender age_band category customers labelled frauds frauds_in_10000",
        ("F", "18-24", "home", 5, 2, 1, 5000.0),
        ("M", "65 and over", "shopping_net", 50, 2_000, 300, 1500.0),
        ("M", "18-24", "food", 0, 0, 0, None),
        ("F", "25-34", "food", 400, 20_000, 10, 5.0),
    )
    assert SENTENCES["q08"](made) == (
        "Fraud hits men of 65 and over in shopping (online) most: 1500.0 in 10,000 of their 2,000 labelled "
        "transactions, against 141.4 in all that is shown."
    )
    assert SENTENCES["q08"](made[3:3]) == ""
    none = cells("gender age_band category customers labelled frauds frauds_in_10000", ("F", "a", "b", 9, 70, 0, 0.0))
    assert SENTENCES["q08"](none) == "None of the 70 labelled transactions shown is fraud."


def test_growth_is_of_the_last_whole_month() -> None:
    columns = "month currency customers days transactions_a_day net_a_day transactions_growth net_growth"
    made = cells(
        columns,
        (JANUARY, "USD", 90, 31, 10.0, 100.0, None, None),
        (FEBRUARY, "USD", 90, 28, 12.0, 90.0, 20.0, -10.0),
        (MARCH, "USD", 90, 5, 18.0, 90.0, 50.0, 0.0),
        partial=[2],
    )
    assert SENTENCES["q09"](made) == (
        "In USD, a day of February 2026 had +20.0 % transactions and -10.0 % money against a day of the month "
        "before, over 28 days. Transactions grew most in March 2026 (a partial month): +50.0 %."
    )
    assert SENTENCES["q09"](made[:1]) == ""


def test_the_best_segment_and_those_who_stay_away() -> None:
    made = cells(
        "currency recency frequency money customers transactions net share_of_net",
        ("USD", 1, 1, 2, 20, 90, 500.0, 25.0),
        ("USD", 3, 2, 1, 7, 90, 500.0, 25.0),
        ("USD", 2, 3, 3, 73, 90, 1000.0, 50.0),
    )
    assert SENTENCES["q10"](made) == (
        "In USD, the best segment shown (recency 1, frequency 1, money 2) has 20 of 100 customers and brings 25.0 % "
        "of the money. 7 customers who spend much have not come lately."
    )


def test_retention_is_of_the_largest_cohort_in_whole_months() -> None:
    made = cells(
        "cohort months_after cohort_customers customers retained",
        (JANUARY, 0, 200, 200, 100.0),
        (JANUARY, 1, 200, 150, 75.0),
        (JANUARY, 2, 200, 100, 50.0),
        (JANUARY, 3, 200, 10, 5.0),
        (FEBRUARY, 1, 20, 20, 100.0),
        partial=[3],
    )
    assert SENTENCES["q11"](made) == (
        "Of the 200 customers who began in January 2026, 75.0 % came back a month later and 50.0 % 2 months later."
    )
    assert SENTENCES["q11"](made[:1]) == ""


def test_distance_names_the_farthest_and_the_nearest() -> None:
    made = cells(
        "urbanicity customers transactions kilometers beyond_100_km",
        ("rural", 9, 90, 70.5, 20.0), ("city", 9, 90, 76.6, 24.3), ("unknown", 9, 90, 900.0, 99.0),
    )  # fmt: skip
    assert SENTENCES["q12"](made) == (
        "Customers of city places pay farthest from home, 76.6 km on average (24.3 % beyond 100 km); those of rural "
        "places 70.5 km (20.0 %)."
    )
    assert SENTENCES["q12"](made[:1]) == "Customers of rural places pay 70.5 km from home on average."


@pytest.mark.parametrize("name", [question.name for question in questions()])
def test_nothing_shown_is_nothing_seen(name: str) -> None:
    assert SENTENCES[name]([]) == ""
