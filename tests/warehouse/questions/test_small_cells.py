"""What is said of 1 to 4 customers is empty in every question's answer, and what would tell of it is, too."""

import random
from collections import defaultdict
from collections.abc import Hashable, Iterator
from datetime import date
from itertools import product

import duckdb
import pytest

from tests.warehouse.questions.star_schema import facts, statements
from warehouse.questions.catalogue import Question, Unit, question_of, questions
from warehouse.questions.hidden_cells import HiddenCells, hidden_cells
from warehouse.questions.small_cells import CUSTOMERS_MIN, Row, is_small_cell, require_columns
from warehouse.questions.sums import groupings_of

NAMES = [question.name for question in questions()]
SEEDS = range(12)


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        for statement in statements(facts(200, 1)):
            made.execute(statement)
        yield made


@pytest.mark.parametrize("name", NAMES)
def test_hidden_cells_keep_their_keys_alone(database: duckdb.DuckDBPyConnection, name: str) -> None:
    question = question_of(name)
    rows = database.execute(question.sql).fetchall()
    hidden = hidden_cells(question, rows)
    assert {number for number, row in enumerate(rows) if is_small_cell(question, row)} <= hidden.rows
    for number, (row, shown) in enumerate(zip(rows, hidden.emptied(question, rows), strict=True)):
        for place, column in enumerate(question.columns):
            is_hidden = not column.is_key and (number in hidden.rows or (number, place) in hidden.values)
            assert shown[place] == (None if is_hidden else row[place])


def test_nobody_of_a_small_cohort_is_shown_as_gone() -> None:
    """That none of three customers came back says it of each of them."""
    assert is_small_cell(question_of("q11"), ("2024-11-01", 2, 3, 0, 0))
    assert not is_small_cell(question_of("q11"), ("2024-11-01", 2, 30, 0, 0))


def test_five_customers_are_enough_and_nobody_is_no_person() -> None:
    assert not any(is_small_cell(question_of("q04"), ("18-24", "travel", n, 7, 3.5)) for n in (0, 5, 921))
    assert all(is_small_cell(question_of("q04"), ("18-24", "travel", n, 7, 3.5)) for n in (1, 4, None, "9"))


def test_an_answer_of_other_columns_is_not_let_through() -> None:
    with pytest.raises(ValueError, match="q04 has other columns"):
        require_columns(question_of("q04"), ["age_band", "category", "transactions", "customers", "share"])


def test_the_made_up_facts_have_small_cells(database: duckdb.DuckDBPyConnection) -> None:
    """So that the tests above test something."""
    sizes = {row[2] for row in database.execute(question_of("q04").sql).fetchall()}
    assert sizes & {1, 2, 3, 4}
    assert sizes - {1, 2, 3, 4}


def test_an_answer_without_small_cells_is_shown_whole() -> None:
    question = question_of("q04")
    rows: list[Row] = [(band, kind, 5, 9, 1.0) for band, kind in product(("18-24", "25-34"), ("travel", "home"))]
    assert hidden_cells(question, rows) == HiddenCells()


def test_a_hidden_cell_has_company_in_each_sum() -> None:
    """The smallest cell beside it, and the cells by which the two could be computed from the other sums."""
    question = question_of("q04")
    counts = {("18-24", "travel"): 3, ("18-24", "home"): 9, ("18-24", "food"): 8, ("25-34", "travel"): 7}
    counts["25-34", "food"] = 40
    rows = [
        (band, kind, counts.get((band, kind), 50), 100, 1.0)
        for band, kind in product(("18-24", "25-34", "35-44"), ("travel", "home", "food"))
    ]
    shown = {rows[number][:2] for number in hidden_cells(question, rows).rows}
    assert shown == {("18-24", "travel"), ("18-24", "food"), ("25-34", "travel"), ("25-34", "food")}


def test_two_small_cells_are_no_company_for_each_other() -> None:
    """What is left of the sum would tell of three customers."""
    question = question_of("q12")
    rows: list[Row] = [
        ("rural", 1, 9, 1, 1),
        ("town", 2, 9, 1, 1),
        ("city", 70, 9, 1, 1),
        ("metropolis", 60, 9, 1, 1),
    ]
    assert hidden_cells(question, rows).rows == {0, 1, 3}


def test_growth_over_a_hidden_month_is_hidden() -> None:
    question = question_of("q09")
    months = [date(2025, month, 1) for month in range(1, 6)]
    customers = (90, 80, 3, 70, 60)
    rows: list[Row] = [(m, "USD", n, 28, 10, 10, 5, 5) for m, n in zip(months, customers, strict=True)]
    hidden = hidden_cells(question, rows)
    assert hidden.rows == {2, 4}
    assert hidden.values == {(3, 6), (3, 7)}
    assert hidden.emptied(question, rows)[3] == (months[3], "USD", 70, 28, 10, 10, None, None)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_hidden_can_be_computed_from_sums(name: str) -> None:
    """Who knows the sum of every set, and subtracts as long as a set has one unknown cell, learns of no small one."""
    question, company, small = question_of(name), 0, 0
    for seed in SEEDS:
        rows = made_up(question, random.Random(seed))
        hidden = hidden_cells(question, rows)
        unknown = unknown_to_a_subtractor(question, rows, hidden)
        customers = [column.name for column in question.columns].index("customers")
        for cells in sets_of(question, rows):
            left = [number for number in cells if number in unknown]
            shown = [number for number in cells if number not in hidden.rows]
            if left and shown:
                assert len(left) >= 2
                assert any(int(str(rows[number][customers])) >= CUSTOMERS_MIN for number in left)
        small += sum(is_small_cell(question, row) for row in rows)
        company += len(hidden.rows)
    assert company >= small > 0
    assert company > small or name == "q11"


def unknown_to_a_subtractor(question: Question, rows: list[Row], hidden: HiddenCells) -> set[int]:
    """The hidden cells that remain unknown, apart from sets of which nothing is shown."""
    sets = sets_of(question, rows)
    unknown = set(hidden.rows)
    while True:
        solved = {
            left[0]
            for cells in sets
            if len(cells) > 1 and len(left := [number for number in cells if number in unknown]) == 1
        }
        if not solved:
            return unknown
        unknown -= solved


def sets_of(question: Question, rows: list[Row]) -> list[list[int]]:
    """The cells of each sum, without those of nobody."""
    customers = [column.name for column in question.columns].index("customers")
    sets: defaultdict[Hashable, list[int]] = defaultdict(list)
    for which, grouping in enumerate(groupings_of(question)):
        for number, row in enumerate(rows):
            if row[customers] or is_small_cell(question, row):
                sets[which, grouping(row)].append(number)
    return list(sets.values())


def made_up(question: Question, rng: random.Random) -> list[Row]:
    """An answer of the question's form with all combinations of a few keys, and few small cells."""
    keys = [column for column in question.columns if column.is_key]
    same = {"weekday_name", "state_name", "merchant"}
    values = [
        [None] if column.name in same
        else [date(2025, 1 + number, 1) for number in range(4)] if column.unit is Unit.MONTH
        else list(range(3))
        for column in keys
    ]  # fmt: skip
    return [
        (*key, *(_value(column.unit, rng) for column in question.columns if not column.is_key))
        for key in product(*values)
    ]


def _value(unit: Unit, rng: random.Random) -> int:
    if unit is Unit.CUSTOMERS:
        return int(rng.choice((0, 3, *range(5, 30))))
    return rng.randrange(100)
