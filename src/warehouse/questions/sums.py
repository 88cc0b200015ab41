"""Which cells of an answer add up: to a sum that the answer itself, or an answer beside it, may tell.

Each key names a dimension. A set of cells that agree in some dimensions and differ in the others adds up to the cell
of a coarser table: the months of a region, the regions of a month, all of a currency. So every choice of dimensions
divides the cells into such sets.
"""

from collections.abc import Callable, Hashable
from itertools import combinations
from typing import Final

from warehouse.questions.catalogue import Question
from warehouse.questions.small_cells import Row

Grouping = Callable[[Row], Hashable]
"""Cells of which it gives the same add up."""

_SAME_DIMENSION: Final = frozenset({"weekday_name", "state_name", "merchant"})
"""Keys that name once more what the key before them names."""
_LEADING: Final = "standing"
"""The place in a list: the first places of several lists are nothing together."""
_COHORT: Final = "cohort"


def groupings_of(question: Question) -> tuple[Grouping, ...]:
    """Every way in which the cells of a question's answer add up.

    The cells of cohorts hold nothing but counts of customers, which no sum of the answer tells.
    """
    names = [column.name for column in question.columns]
    keys = [column.name for column in question.columns if column.is_key and column.name not in _SAME_DIMENSION]
    if _COHORT in keys:
        return ()
    if _LEADING in keys:
        return (_agreeing([names.index(name) for name in keys if name != _LEADING]),)
    places = [names.index(name) for name in keys]
    return tuple(_agreeing(agreed) for count in range(len(places)) for agreed in combinations(places, count))


def _agreeing(places: "list[int] | tuple[int, ...]") -> Grouping:
    return lambda row: tuple(row[place] for place in places)
