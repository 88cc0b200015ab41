"""Suppression of small cells: what is said of fewer than five customers does not leave.

Job and city single out nearly each customer, so a cell of an answer may be one person. Where a cell has 1 to 4
customers, all its values are empty, and what names the cell stays. A cell of nobody says nothing of anybody and stays
a zero. `hidden_cells` hides others beside it, from which it could be computed.
"""

from collections.abc import Sequence
from typing import Final

from warehouse.questions.catalogue import Question

CUSTOMERS_MIN: Final = 5
"""Customers that a cell has at least whose values are shown."""

Row = tuple[object, ...]


def require_columns(question: Question, columns: Sequence[str]) -> None:
    """Refuse an answer that is not of the question's form.

    Raises:
        ValueError: the answer has other columns than the question says.
    """
    if list(columns) != [column.name for column in question.columns]:
        raise ValueError(f"{question.name} has other columns than its header says")


def is_small_cell(question: Question, row: Row) -> bool:
    """Whether a row tells of 1 to 4 customers, in its cell or in a group that the cell is a part of."""
    return any(is_small(row[question.columns.index(column)]) for column in question.customers)


def is_small(customers: object) -> bool:
    """Whether a cell of so many customers is suppressed. A count that is unknown is small."""
    return not isinstance(customers, int) or 0 < customers < CUSTOMERS_MIN
