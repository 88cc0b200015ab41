"""Asking one of the twelve questions: its SQL is run, and hidden cells are emptied before anything leaves."""

from dataclasses import replace
from typing import Protocol

from warehouse.questions.catalogue import Question
from warehouse.questions.hidden_cells import HiddenCells, hidden_cells
from warehouse.questions.small_cells import require_columns
from warehouse.sql.query_result import QueryResult


class Reader(Protocol):
    """A session with an engine, as one role."""

    def answer(self, sql: str) -> QueryResult:
        """Run one SELECT; its rows come as they are read.

        Raises:
            QueryError: it is refused or fails, now or while rows are read.
        """


def ask(reader: Reader, question: Question) -> tuple[QueryResult, HiddenCells]:
    """The answer to a question without its hidden cells, and which these are.

    Raises:
        QueryError: it fails.
        ValueError: the answer has other columns than the question says.
    """
    answer = reader.answer(question.sql)
    require_columns(question, answer.columns)
    rows = list(answer.rows)  # which cells are hidden depends on all of them
    hidden = hidden_cells(question, rows)
    return replace(answer, rows=iter(hidden.emptied(question, rows))), hidden
