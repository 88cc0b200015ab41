"""The cells of an answer that are not shown: the small ones, and others from which a small one could be computed.

Where a sum is known, a single hidden cell is the sum less the others. So in each set of cells that add up, a hidden
cell has company: at least one more, and among them a cell of five customers or more, so that what is left over when
everything shown is taken away tells of five customers, too. To hide such a cell may ask for company in another set,
until nothing is left to do. Cells of nobody are no company, since everybody knows what they hold.

What follows a hidden cell may tell of it as well: growth over a hidden month is empty.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final

from warehouse.questions.catalogue import Question
from warehouse.questions.small_cells import CUSTOMERS_MIN, Row, is_small_cell
from warehouse.questions.sums import groupings_of

_OF_THE_MONTH_BEFORE: Final = frozenset({"transactions_growth", "net_growth"})
"""Values from which, with the month that they stand at, the month before can be computed."""
_COMPANY_MIN: Final = 2


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
    found = _Search(question, rows).found()
    return HiddenCells(frozenset(found), frozenset(_telling(question, rows, found)))


@dataclass(slots=True)
class _Search:
    """Looks for company until each hidden cell has it."""

    question: Question
    rows: Sequence[Row]
    customers: list[int] = field(init=False)
    members: dict[Hashable, list[int]] = field(init=False)
    groups: list[list[Hashable]] = field(init=False)
    hidden: set[int] = field(init=False)

    def __post_init__(self) -> None:
        place = [column.name for column in self.question.columns].index("customers")
        self.customers = [count if isinstance(count := row[place], int) else 0 for row in self.rows]
        self.hidden = {number for number, row in enumerate(self.rows) if is_small_cell(self.question, row)}
        self.groups = [
            [(which, of(row)) for which, of in enumerate(groupings_of(self.question))] for row in self.rows
        ]
        self.members = defaultdict(list)
        for number, groups in enumerate(self.groups):
            if self.customers[number] or number in self.hidden:
                for group in groups:
                    self.members[group].append(number)

    def found(self) -> set[int]:
        """The rows to hide."""
        waiting = [group for number in sorted(self.hidden) for group in self.groups[number]]
        while waiting:
            group = waiting.pop()
            while (chosen := self._company(group)) is not None:
                self.hidden.add(chosen)
                waiting += self.groups[chosen]
        return self.hidden

    def _company(self, group: Hashable) -> int | None:
        """The cell that is to be hidden next in a set, or None when nothing is left to do there."""
        members = self.members[group]
        hidden = [number for number in members if number in self.hidden]
        shown = [number for number in members if number not in self.hidden]
        if not hidden or not shown:
            return None
        if len(hidden) >= _COMPANY_MIN and any(self.customers[number] >= CUSTOMERS_MIN for number in hidden):
            return None
        return min(shown, key=self._cost)

    def _cost(self, number: int) -> tuple[int, int, int]:
        """Cells go first whose other sets have hidden cells already, then those of few customers."""
        alone = sum(not any(other in self.hidden for other in self.members[group]) for group in self.groups[number])
        return alone, self.customers[number], number


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
