"""An answer to a question: its rows without the hidden cells, and what has to be known to read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from insight.answers.data_state import DataState, data_state
from insight.answers.filters import Filters, Row
from warehouse.questions.catalogue import Question, Unit
from warehouse.questions.hidden_cells import HiddenCells
from warehouse.sql.asking import ask
from warehouse.sql.duckdb_reader import DuckDbReader

_MONTHS_AFTER = "months_after"


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """A question answered from one state of the data.

    Attributes:
        rows: hidden cells are None but for their keys.
        partial: the places of rows that tell of a month of which the data has some days only.
    """

    question: Question
    schema: pa.Schema
    rows: Sequence[Row]
    hidden: HiddenCells
    partial: frozenset[int]
    data: DataState

    @classmethod
    def asked(cls, question: Question, reader: DuckDbReader, stamp: str) -> "AnsweredQuestion":
        """Ask a session.

        Raises:
            QueryError: it fails, or takes more than its bounds.
        """
        data = data_state(reader, stamp)
        answer, hidden = ask(reader, question)
        rows = tuple(answer.rows)
        months = {each.month for each in data.partial_months}
        partial = frozenset(n for n, row in enumerate(rows) if not months.isdisjoint(_months_of(question, row)))
        return cls(question, answer.schema, rows, hidden, partial, data)

    def chosen(self, filters: Filters) -> "AnsweredQuestion":
        """The part of the answer that filters choose."""
        if not filters.chosen:
            return self
        places = filters.indexes(self.question, self.rows)
        new = {old: number for number, old in enumerate(places)}
        return AnsweredQuestion(
            self.question,
            self.schema,
            [self.rows[place] for place in places],
            HiddenCells(
                frozenset(new[place] for place in self.hidden.rows if place in new),
                frozenset((new[place], column) for place, column in self.hidden.values if place in new),
            ),
            frozenset(new[place] for place in self.partial if place in new),
            self.data,
        )

    def cells(self) -> list[dict[str, Any]]:
        """The cells that are shown, by the names of their columns; `is_partial` beside them."""
        names = [column.name for column in self.question.columns]
        return [
            {**dict(zip(names, row, strict=True)), "is_partial": number in self.partial}
            for number, row in enumerate(self.rows)
            if number not in self.hidden.rows
        ]


def _months_of(question: Question, row: Row) -> set[date]:
    """The months that a row tells of: a cohort's row of the cohort's own and of the one in which they came back."""
    names = [column.name for column in question.columns]
    months: set[date] = set()
    for place, column in enumerate(question.columns):
        if column.unit is Unit.MONTH and isinstance(month := row[place], date):
            months.add(month)
            if _MONTHS_AFTER in names and isinstance(after := row[names.index(_MONTHS_AFTER)], int):
                months.add(_later(month, after))
    return months


def _later(month: date, months: int) -> date:
    years, number = divmod(month.month - 1 + months, 12)
    return date(month.year + years, number + 1, 1)
