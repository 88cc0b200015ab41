"""Made-up facts of so many customers that each question has cells to show, and what plain Python answers of them."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb

from tests.insight.conftest import RUN
from tests.warehouse.questions.oracle import Oracle
from tests.warehouse.questions.star_schema import Fact, facts, statements
from warehouse.questions.catalogue import question_of
from warehouse.questions.hidden_cells import hidden_cells

COUNT: Final = 3_000
COPIES: Final = 10
"""Customers in the place of each one of the few that the facts have."""
MAIN: Final = "USD"
"""The currency with most transactions."""
PARTIAL: Final = (date(2024, 11, 1), date(2025, 3, 1))
"""The months of which the facts have some days only."""

Cell = dict[str, Any]
"""A row of an answer by its columns' names, emptied where it is hidden; `hidden` and `partial` beside them."""


def crowd() -> list[Fact]:
    """The facts, of ten times as many customers."""
    return [_copied(fact, number % COPIES) for number, fact in enumerate(facts(COUNT, 1))]


def _copied(fact: Fact, copy: int) -> Fact:
    customer = f"{fact.customer_id}_{copy}"
    key = hashlib.md5(f"{customer}#{fact.state}".encode(), usedforsecurity=False).hexdigest()
    return replace(fact, customer_id=customer, customer_key=fact.customer_key and key)


def publish_crowd(folder: Path) -> Path:
    """Put a build of them into a folder."""
    with duckdb.connect(folder / "warehouse.duckdb") as database:
        for statement in (*statements(crowd()), RUN.format(run="run-1", load=1)):
            database.execute(statement)
    return folder


def oracle_of(folder: Path) -> Oracle:
    """Plain Python over the facts of a build."""
    with duckdb.connect(folder / "warehouse.duckdb", read_only=True) as database:
        return Oracle.of(lambda sql: database.execute(sql).fetchall())


def answer_of(oracle: Oracle, name: str, currency: str = MAIN) -> list[Cell]:
    """The cells that a page shows of a question: of one currency, where there are several."""
    question, rows = question_of(name), oracle.answer(name)
    hidden = hidden_cells(question, rows)
    names = [column.name for column in question.columns]
    cells = [
        {**dict(zip(names, row, strict=True)), "hidden": number in hidden.rows, "partial": _is_partial(names, row),
         "hidden_values": [names[place] for place in range(len(names)) if (number, place) in hidden.values]}
        for number, row in enumerate(hidden.emptied(question, rows))
    ]  # fmt: skip
    return [cell for cell in cells if cell.get("currency", currency) == currency]


def _is_partial(names: Sequence[str], row: Sequence[Any]) -> bool:
    if names[0] == "cohort":
        later = row[0].year * 12 + row[0].month - 1 + row[1]
        return row[0] in PARTIAL or date(later // 12, later % 12 + 1, 1) in PARTIAL
    return names[0] == "month" and row[0] in PARTIAL
