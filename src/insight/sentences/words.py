"""Numbers, months and labels as a sentence says them, and the choices that several sentences make."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from txn_core.transactions.currency import EXPONENTS

Cell = dict[str, Any]
"""A cell that is shown: its keys and values by their names, and `is_partial`."""

GENDERS: Final = {"F": "women", "M": "men", "unknown": "customers of unknown gender"}
_WHERE: Final = {"_net": "online", "_pos": "in store"}
_EVEN: Final = 100


def money(amount: Decimal, currency: str) -> str:
    """An amount with the decimals of its currency; of three where it is not known. Halves go away from zero."""
    decimals = Decimal(1).scaleb(-EXPONENTS.get(currency, 3))
    return f"{amount.quantize(decimals, ROUND_HALF_UP):,f} {currency}"


def month_name(month: date) -> str:
    """A month, such as `March 2026`."""
    return f"{month:%B %Y}"


def month_of(cell: Cell, name: str = "month") -> str:
    """The month of a cell, with a mark when the data has only a part of it."""
    return month_name(cell[name]) + (" (a partial month)" if cell["is_partial"] else "")


def category_name(category: str) -> str:
    """A category as people say it: `grocery_pos` is `grocery (in store)`."""
    for end, words in _WHERE.items():
        if category.endswith(end):
            return f"{category.removesuffix(end).replace('_', ' ')} ({words})"
    return category.replace("_", " ")


def signed(number: Decimal, unit: str) -> str:
    """A number with its sign: `+3.2 %`."""
    return f"{number:+,} {unit}"


def share(part: Decimal, whole: Decimal) -> str:
    """A part of a whole in percent; empty where there is no whole to speak of."""
    return f"{_EVEN * part / whole:.0f} %" if whole > 0 else ""


def listed(names: Sequence[str], most: int = 3) -> str:
    """Some names, and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def main_currency(cells: Iterable[Cell], measure: str) -> str:
    """The currency with most of a measure that may be added over currencies; the first of the alphabet of equals."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for cell in cells:
        sums[cell["currency"]] += Decimal(cell[measure] or 0)
    return min(sums, key=lambda currency: (-sums[currency], currency), default="")


def in_currency(cells: Sequence[Cell], measure: str = "customers") -> tuple[str, list[Cell]]:
    """The main currency and its cells."""
    currency = main_currency(cells, measure)
    return currency, [cell for cell in cells if cell["currency"] == currency]


def known(cells: Iterable[Cell], *names: str) -> list[Cell]:
    """The cells in which all of these values are there."""
    return [cell for cell in cells if all(cell[name] is not None for name in names)]
