"""All views of one choice, without the cells from which fewer than five customers could be told.

A view follows every choice but its own, so that a person sees what else there is to choose. The cells of a view add
up to one sum, and so do the states of a region to the region's cell in the view beside: nowhere is a hidden cell
alone. What is chosen in all tells of five customers at least, or of nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from insight.explorer.cube import Cell, Cube
from insight.explorer.dimensions import DIMENSIONS, Choice
from warehouse.questions.company import with_company
from warehouse.questions.small_cells import CUSTOMERS_MIN, is_small

CURRENCY: Final = "currency"
_REGION, _STATE = "region", "state"


@dataclass(frozen=True, slots=True)
class View:
    """The cells of a dimension: a label, customers, transactions, net; the values of hidden ones are None."""

    cells: Sequence[tuple[str, int | None, int | None, Decimal | None]]
    hidden: Sequence[int]


@dataclass(frozen=True, slots=True)
class Views:
    """What is seen of a choice.

    Attributes:
        total: customers, transactions and net of all that is chosen; None when that is too few, and then nothing is.
    """

    currency: str | None
    total: tuple[int, int, Decimal] | None = None
    by_dimension: Mapping[str, View] = field(default_factory=dict)


def views_of(cube: Cube, choice: Choice) -> Views:
    """The views of a choice. Amounts are of one currency: the one that is chosen, or the main one.

    Raises:
        QueryError: they take more than their bounds.
    """
    currency = choice.besides("").get(CURRENCY, cube.main_currency)
    if currency is None:
        return Views(None)
    chosen = Choice((*choice.besides(CURRENCY).items(), (CURRENCY, currency)))
    cube.narrow(chosen.besides(""))
    _, customers, transactions, net = cube.total(chosen.besides(""))
    if customers < CUSTOMERS_MIN:
        return Views(currency)
    found = {name: _with_nobody(cube, name, chosen) for name in DIMENSIONS}
    hidden = _hidden(cube, choice, found)
    return Views(
        currency,
        (customers, transactions, cube.amount(net, currency)),
        {name: _view(cube, name, currency, cells, hidden[name]) for name, cells in found.items()},
    )


def _with_nobody(cube: Cube, dimension: str, chosen: Choice) -> list[Cell]:
    """The cells of a view in the order of labels; those of nobody are zeros."""
    found = {cell[0]: cell for cell in cube.cells(dimension, chosen.besides(dimension))}
    return [found.get(label, (label, 0, 0, 0)) for label in cube.labels[dimension]]


def _hidden(cube: Cube, choice: Choice, found: Mapping[str, Sequence[Cell]]) -> dict[str, list[int]]:
    """The numbers of the hidden cells of each view."""
    keys = [(name, number) for name, cells in found.items() for number in range(len(cells))]
    numbers = {key: number for number, key in enumerate(keys)}
    customers = [found[name][number][1] for name, number in keys]
    sets = [[numbers[name, number] for number in range(len(cells))] for name, cells in found.items()]
    sets += [[numbers[key] for key in each] for each in _regions(cube, choice, found)]
    small = {number for number, count in enumerate(customers) if is_small(count)}
    hidden = with_company(customers, small, sets)
    return {
        name: [number for number in range(len(cells)) if numbers[name, number] in hidden]
        for name, cells in found.items()
    }


def _regions(cube: Cube, choice: Choice, found: Mapping[str, Sequence[Cell]]) -> Iterator[list[tuple[str, int]]]:
    """Each region with its states: the one is the sum of the others where both views follow the same choice."""
    if choice.names(_REGION, _STATE):
        return
    for number, (region, *_) in enumerate(found[_REGION]):
        states = cube.states_of(region)
        yield [(_REGION, number), *((_STATE, n) for n, cell in enumerate(found[_STATE]) if cell[0] in states)]


def _view(cube: Cube, dimension: str, currency: str, cells: Sequence[Cell], hidden: Sequence[int]) -> View:
    gone = set(hidden)
    return View(
        [
            (label, None, None, None)
            if number in gone
            else (label, customers, transactions, cube.amount(net, label if dimension == CURRENCY else currency))
            for number, (label, customers, transactions, net) in enumerate(cells)
        ],
        hidden,
    )
