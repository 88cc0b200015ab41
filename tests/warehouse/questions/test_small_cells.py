"""What is said of 1 to 4 customers is empty in every question's answer, and nothing else is."""

from collections.abc import Iterator

import duckdb
import pytest

from tests.warehouse.questions.star_schema import facts, statements
from warehouse.questions.catalogue import question_of, questions
from warehouse.questions.small_cells import SmallCells


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        for statement in statements(facts(200, 1)):
            made.execute(statement)
        yield made


@pytest.mark.parametrize("name", [question.name for question in questions()])
def test_small_cells_keep_their_keys_alone(database: duckdb.DuckDBPyConnection, name: str) -> None:
    question = question_of(name)
    columns = [column.name for column in question.columns]
    rule, expected = SmallCells.of(question, columns), 0
    for row in database.execute(question.sql).fetchall():
        cell, shown = dict(zip(columns, row, strict=True)), dict(zip(columns, rule(row), strict=True))
        keys = {column.name for column in question.columns if column.is_key}
        is_small = any(1 <= cell[column] <= 4 for column in ("customers", "cohort_customers") if column in cell)
        expected += is_small
        assert shown == {name: None if is_small and name not in keys else value for name, value in cell.items()}
    assert rule.emptied == expected


def test_nobody_of_a_small_cohort_is_shown_as_gone() -> None:
    """That none of three customers came back says it of each of them."""
    rule = SmallCells.of(question_of("q11"), [column.name for column in question_of("q11").columns])
    assert rule(("2024-11-01", 2, 3, 0, 0)) == ("2024-11-01", 2, None, None, None)
    assert rule(("2024-11-01", 2, 30, 0, 0)) == ("2024-11-01", 2, 30, 0, 0)


def test_five_customers_are_enough_and_nobody_is_no_person() -> None:
    rule = SmallCells.of(question_of("q04"), ["age_band", "category", "customers", "transactions", "share"])
    for customers in (0, 5, 921):
        row = ("18-24", "travel", customers, 7, 3.5)
        assert rule(row) == row
    for small in (1, 4, None, "9"):
        assert rule(("18-24", "travel", small, 7, 3.5)) == ("18-24", "travel", None, None, None)


def test_an_answer_of_other_columns_is_not_let_through() -> None:
    with pytest.raises(ValueError, match="q04 has other columns"):
        SmallCells.of(question_of("q04"), ["age_band", "category", "transactions", "customers", "share"])


def test_the_made_up_facts_have_small_cells(database: duckdb.DuckDBPyConnection) -> None:
    """So that the test above tests something."""
    sizes = {row[2] for row in database.execute(question_of("q04").sql).fetchall()}
    assert sizes & {1, 2, 3, 4}
    assert sizes - {1, 2, 3, 4}
