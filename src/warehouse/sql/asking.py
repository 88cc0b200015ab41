"""Asking one of the twelve questions: its SQL is run, and small cells are emptied before anything leaves."""

from typing import Protocol

from warehouse.questions.catalogue import Question
from warehouse.questions.small_cells import SmallCells
from warehouse.sql.query_result import QueryResult


class Reader(Protocol):
    """A session with an engine, as one role."""

    def answer(self, sql: str) -> QueryResult:
        """Run one SELECT; its rows come as they are read.

        Raises:
            QueryError: it is refused or fails, now or while rows are read.
        """


def ask(reader: Reader, question: Question) -> tuple[QueryResult, SmallCells]:
    """The answer to a question without its small cells, and the count of these so far.

    Raises:
        QueryError: it fails.
    """
    answer = reader.answer(question.sql)
    small = SmallCells.of(question, answer.columns)
    return answer.mapped(small), small
