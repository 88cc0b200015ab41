"""The header of a file, and what a layout finds in it."""

from collections.abc import Iterable, Sequence

from ingest.layouts.layout_errors import LayoutError
from ingest.layouts.model import NOWHERE, Amount, Column, Layout, Moment


class Header:
    """The names of a file's columns. A name is found as it is, or else whatever its casing and white space."""

    def __init__(self, cells: Sequence[str]) -> None:
        self.cells = cells
        self._exact = _indexes(cells)
        self._folded = _indexes(map(_fold, cells))

    def find(self, name: str) -> int | None:
        """Where a column is; None when there is none.

        Raises:
            LayoutError: there are several.
        """
        found = self._exact.get(name) or self._folded.get(_fold(name), [])
        if len(found) > 1:
            raise LayoutError(f"the header has the column {name!r} {len(found)} times: rename or remove one")
        return found[0] if found else None

    def first(self, names: Iterable[str]) -> tuple[int, str] | None:
        """Where the first of these columns is that there is, and its name."""
        return next(((index, name) for name in names if (index := self.find(name)) is not None), None)


def missing(layout: Layout, header: Header) -> list[str]:
    """The columns that a layout needs and a header lacks, in the layout's order."""
    found_nowhere = []
    for pointer, column in layout.fields():
        if isinstance(column, Amount):
            continue
        if _lacks(column, header):
            found_nowhere.append(_named(column.column))
        if isinstance(column, Moment) and column.time_column and header.find(column.time_column) is None:
            found_nowhere.append(repr(column.time_column))
        if pointer == "/card_number" and all(_lacks(amount, header) for amount in layout.amount):
            found_nowhere.append(_named([name for amount in layout.amount for name in amount.column]))
    return found_nowhere


def lacking(layout: Layout, header: Header) -> list[str]:
    """The fields, as JSON pointers, that a layout needs a column for which a header lacks, in the layout's order."""
    pointers = [
        pointer
        for pointer, column in layout.fields()
        if not isinstance(column, Amount)
        and (
            _lacks(column, header)
            or (isinstance(column, Moment) and column.time_column and header.find(column.time_column) is None)
        )
    ]
    return [*pointers, *(["/amount_minor"] if all(_lacks(amount, header) for amount in layout.amount) else [])]


def absent(layout: Layout, header: Header) -> list[str]:
    """The columns that a layout would read and a header lacks, which files may do without and nobody said."""
    return [
        column.column[0]
        for _, column in layout.fields()
        if column.column
        and column.may_be_absent
        and NOWHERE not in column.column
        and header.first(column.column) is None
    ]


def _lacks(column: Column, header: Header) -> bool:
    return bool(column.column) and not column.may_be_absent and header.first(column.column) is None


def _named(names: Iterable[str]) -> str:
    return " or ".join(map(repr, names))


def _fold(name: str) -> str:
    return name.strip().casefold()


def _indexes(names: Iterable[str]) -> dict[str, list[int]]:
    indexes: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        indexes.setdefault(name, []).append(index)
    return indexes
