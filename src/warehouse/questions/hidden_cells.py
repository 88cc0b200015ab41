"""The cells of an answer that are not shown: the small ones, and others from which a small one could be computed.

What follows a hidden cell may tell of it as well: growth over a hidden month is empty.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from warehouse.questions.catalogue import Question
from warehouse.questions.company import with_company
from warehouse.questions.small_cells import Row, is_small_cell
from warehouse.questions.sums import groupings_of

_OF_THE_MONTH_BEFORE: Final = frozenset({"transactions_growth", "net_growth"})
"""Values from which, with the month that they stand at, the month before can be computed."""


@dataclass(frozen=True, slots=True)
class HiddenCells:
    """What is not shown of an answer.

    Attributes:
        rows: the places of the rows whose values are all hidden; what names the cell is shown.
        values: rows and columns of single values that are hidden beside them.
    """

    rows: frozenset[int] = frozenset()
    values: frozenset[tuple[int, int]] = frozenset()

    def emptied(self, question: Question, rows: Sequence[Row]) -> list[Row]:
        """The rows without what is hidden."""
        keys = [column.is_key for column in question.columns]
        return [
            tuple(
                value if keys[place] or not (number in self.rows or (number, place) in self.values) else None
                for place, value in enumerate(row)
            )
            for number, row in enumerate(rows)
        ]


def hidden_cells(question: Question, rows: Sequence[Row]) -> HiddenCells:
    """What is not to be shown of a whole answer, which has the columns of the question."""
    place = [column.name for column in question.columns].index("customers")
    customers = [count if isinstance(count := row[place], int) else 0 for row in rows]
    small = {number for number, row in enumerate(rows) if is_small_cell(question, row)}
    found = with_company(customers, small, _sets(question, rows))
    return HiddenCells(frozenset(found), frozenset(_telling(question, rows, found)))


def _sets(question: Question, rows: Sequence[Row]) -> list[list[int]]:
    """The cells that add up, for each sum."""
    sets: defaultdict[Hashable, list[int]] = defaultdict(list)
    for which, grouping in enumerate(groupings_of(question)):
        for number, row in enumerate(rows):
            sets[which, grouping(row)].append(number)
    return list(sets.values())


def _telling(question: Question, rows: Sequence[Row], hidden: set[int]) -> list[tuple[int, int]]:
    """The values of shown rows that tell of a hidden one: growth over the month before, by currency."""
    names = [column.name for column in question.columns]
    telling = [place for place, name in enumerate(names) if name in _OF_THE_MONTH_BEFORE]
    if not telling:
        return []
    month, others = names.index("month"), [p for p, c in enumerate(question.columns) if c.is_key]
    others.remove(month)
    last: dict[tuple[object, ...], int] = {}
    found = []
    for number in sorted(range(len(rows)), key=lambda number: str(rows[number][month])):
        row = rows[number]
        before = last.get(series := tuple(row[place] for place in others))
        if before in hidden and number not in hidden:
            found += [(number, place) for place in telling if row[place] is not None]
        last[series] = number
    return found
