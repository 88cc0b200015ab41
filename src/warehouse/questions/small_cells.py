"""Suppression of small cells: what is said of fewer than five customers does not leave.

Job and city single out nearly each customer, so a cell of an answer may be one person. Where a cell has 1 to 4
customers, all its values are empty, and what names the cell stays. A cell of nobody says nothing of anybody and stays
a zero. The rule looks at one cell at a time: it does not hide what can be computed from the other cells and a sum
(there is no complementary suppression).
"""

from collections.abc import Callable, Sequence
from typing import Final

from warehouse.questions.catalogue import Question

CUSTOMERS_MIN: Final = 5
"""Customers that a cell has at least whose values are shown."""

Row = tuple[object, ...]


def suppression(question: Question, columns: Sequence[str]) -> Callable[[Row], Row]:
    """The rule for the rows of a question's answer, whose columns are given as the engine named them.

    Raises:
        ValueError: the answer has other columns than the question says.
    """
    if list(columns) != [column.name for column in question.columns]:
        raise ValueError(f"{question.name} has other columns than its header says")
    of_customers = question.columns.index(question.customers)
    keys = [column.is_key for column in question.columns]

    def suppressed(row: Row) -> Row:
        return _blank(row, keys) if is_small(row[of_customers]) else row

    return suppressed


def is_small(customers: object) -> bool:
    """Whether a cell of so many customers is suppressed. A count that is unknown is small."""
    return not isinstance(customers, int) or 0 < customers < CUSTOMERS_MIN


def _blank(row: Row, keys: Sequence[bool]) -> Row:
    return tuple(value if is_key else None for value, is_key in zip(row, keys, strict=True))
