"""Company for hidden cells: in each set of cells whose sum may be known, hidden ones are never alone.

Where a sum is known, a single hidden cell is the sum less the others. So in each set a hidden cell has company: at
least one more, and among them a cell of five customers or more, so that what is left over when everything shown is
taken away tells of five customers, too. To hide such a cell may ask for company in another set, until nothing is left
to do. Cells of nobody are no company, since everybody knows what they hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from warehouse.questions.small_cells import CUSTOMERS_MIN

_COMPANY_MIN: Final = 2


def with_company(customers: Sequence[int], hidden: set[int], sets: Sequence[Sequence[int]]) -> set[int]:
    """The cells to hide, by their numbers, when these have to be hidden.

    `customers` counts the customers of each cell; `sets` are the cells of each sum.
    """
    return _Search(customers, set(hidden), sets).found()


@dataclass(slots=True)
class _Search:
    customers: Sequence[int]
    hidden: set[int]
    sets: Sequence[Sequence[int]]
    of_cell: dict[int, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.sets = [[cell for cell in each if self.customers[cell] or cell in self.hidden] for each in self.sets]
        self.of_cell = {}
        for number, cells in enumerate(self.sets):
            for cell in cells:
                self.of_cell.setdefault(cell, []).append(number)

    def found(self) -> set[int]:
        waiting = [number for cell in sorted(self.hidden) for number in self.of_cell.get(cell, ())]
        while waiting:
            number = waiting.pop()
            while (chosen := self._chosen(number)) is not None:
                self.hidden.add(chosen)
                waiting += self.of_cell[chosen]
        return self.hidden

    def _chosen(self, number: int) -> int | None:
        """The cell that is to be hidden next in a set, or None when nothing is left to do there."""
        cells = self.sets[number]
        hidden = [cell for cell in cells if cell in self.hidden]
        shown = [cell for cell in cells if cell not in self.hidden]
        if not hidden or not shown:
            return None
        if len(hidden) >= _COMPANY_MIN and any(self.customers[cell] >= CUSTOMERS_MIN for cell in hidden):
            return None
        return min(shown, key=self._cost)

    def _cost(self, cell: int) -> tuple[int, int, int]:
        """Cells go first whose other sets have hidden cells already, then those of few customers."""
        alone = sum(not any(other in self.hidden for other in self.sets[number]) for number in self.of_cell[cell])
        return alone, self.customers[cell], cell
