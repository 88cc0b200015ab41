"""Suppression of small cells: what is said of fewer than five customers does not leave.

Job and city single out nearly each customer, so a cell of an answer may be one person. Where a cell has 1 to 4
customers, all its values are empty, and what names the cell stays. A cell of nobody says nothing of anybody and stays
a zero. The rule looks at one cell at a time: it does not hide what can be computed from the other cells and a sum
(there is no complementary suppression).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from warehouse.questions.catalogue import Question

CUSTOMERS_MIN: Final = 5
"""Customers that a cell has at least whose values are shown."""

Row = tuple[object, ...]


@dataclass(slots=True)
class SmallCells:
    """Empties the values of small cells in the rows of one question's answer, and counts them."""

    of_customers: Sequence[int]
    keys: Sequence[bool]
    emptied: int = 0

    @classmethod
    def of(cls, question: Question, columns: Sequence[str]) -> "SmallCells":
        """The rule for the rows of a question, whose columns are given as the engine named them.

        Raises:
            ValueError: the answer has other columns than the question says.
        """
        if list(columns) != [column.name for column in question.columns]:
            raise ValueError(f"{question.name} has other columns than its header says")
        of_customers = [question.columns.index(column) for column in question.customers]
        return cls(of_customers, [column.is_key for column in question.columns])

    def __call__(self, row: Row) -> Row:
        """The row, without its values when its cell is small."""
        if not any(is_small(row[place]) for place in self.of_customers):
            return row
        self.emptied += 1
        return tuple(value if is_key else None for value, is_key in zip(row, self.keys, strict=True))


def is_small(customers: object) -> bool:
    """Whether a cell of so many customers is suppressed. A count that is unknown is small."""
    return not isinstance(customers, int) or 0 < customers < CUSTOMERS_MIN
