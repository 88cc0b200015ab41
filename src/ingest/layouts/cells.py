"""Single cells as values of a request body, or the code of what is wrong with them.

Whatever does not fit exactly, such as what a spreadsheet leaves of a card number, is turned away. The rules of the
domain (Luhn, ranges, lengths) stay the service's.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from ingest.layouts.formats import compiled, moment_of
from ingest.layouts.model import BirthDate, Column, PostalCode
from txn_core.transactions.invisible import shows_something

# Reads a cell; None when it says nothing.
ReadCell = Callable[[str], object]

MESSAGES: Final[dict[str, str]] = {
    "amount_format": "must be a decimal number with at most two decimals, or as many as its currency has",
    "amount_minor_format": "must be a whole number of minor units",
    "amount_sign": "has a sign that contradicts the type",
    "card_number_not_digits": "must be digits alone; a spreadsheet may have rounded it",
    "column_count": "has another number of cells than the header",
    "coordinate_format": "must be a decimal number of degrees",
    "currency_unknown": "must be the code of a currency in force (ISO 4217), such as USD",
    "date_format": "must be a calendar date YYYY-MM-DD, or in a form that the layout says",
    "encoding": "is not UTF-8",
    "flag_format": "must be 0 or 1",
    "line_break": "holds a line break",
    "line_too_long": "is longer than 64 KiB",
    "population_format": "must be a whole number",
    "quoting": "has a quote that does not fit (RFC 4180)",
    "timestamp_ambiguous": "is a local time that clocks showed twice; the layout must say which (ambiguous)",
    "timestamp_format": "must be a time YYYY-MM-DD HH:MM:SS, or in a form that the layout says",
    "timestamp_skipped": "is a local time that clocks skipped when they were put forward",
    "type_unknown": "must be purchase, refund or reversal",
    "value_missing": "is empty",
    "zip_format": "must be three to five digits",
    "zone_unknown": "must be a time zone, such as America/New_York or +02:00",
}

TYPES: Final = ("purchase", "refund", "reversal")


class UnfitError(Exception):
    """A cell does not fit its column. Its text is the code of what is wrong, one of `MESSAGES`."""


def is_empty(cell: str) -> bool:
    """Whether a cell says nothing: it is empty, white space, or invisible."""
    return not cell or not ("!" <= cell[0] <= "~" or shows_something(cell))


def text(cell: str) -> str | None:
    """Text of one line."""
    if is_empty(cell):
        return None
    if "\n" in cell or "\r" in cell:
        raise UnfitError("line_break")
    return cell


def matching(pattern: str, code: str) -> Callable[[str], str | None]:
    """A reader of cells that match the whole pattern."""
    matches = re.compile(pattern).fullmatch

    def read(cell: str) -> str | None:
        if matches(cell):
            return cell
        if text(cell) is None:
            return None
        raise UnfitError(code)

    return read


def _number(pattern: str, code: str, number: Callable[[str], object]) -> ReadCell:
    matched = matching(pattern, code)

    def read(cell: str) -> object:
        found = matched(cell)
        return None if found is None else number(found)

    return read


def _type(cell: str) -> object:
    if is_empty(cell):
        return None
    if (name := cell.strip().lower()) not in TYPES:
        raise UnfitError("type_unknown")
    return name


def _date(formats: tuple[str, ...]) -> ReadCell:
    patterns = [compiled(form) for form in formats]

    def read(cell: str) -> object:
        for pattern in patterns:
            if found := pattern.fullmatch(cell):
                try:
                    return moment_of(found.groupdict()).date().isoformat()
                except ValueError:
                    break
        if text(cell) is None:
            return None
        raise UnfitError("date_format")

    return read


_READERS: Final[Mapping[str, ReadCell]] = {
    "/type": _type,
    "/card_number": matching(r"[0-9]+", "card_number_not_digits"),
    "/is_fraud": _number(r"[01]", "flag_format", lambda cell: cell == "1"),
    "/cardholder_amount_minor": _number(r"[0-9]{1,16}", "amount_minor_format", int),
    "/customer/city_population": _number(r"[0-9]{1,12}", "population_format", int),
    **{
        f"/{part}/{name}": _number(r"-?[0-9]{1,3}(\.[0-9]{1,18})?", "coordinate_format", float)
        for part in ("merchant", "customer")
        for name in ("latitude", "longitude")
    },
}
_us_zip: Final = _number(r"[0-9]{3,5}", "zip_format", lambda cell: cell.zfill(5))


def reader_of(pointer: str, column: Column, empty_texts: tuple[str, ...]) -> ReadCell:
    """The reader of the cells of a column that holds the field at a pointer into the request body.

    It raises `UnfitError`.
    """
    read: ReadCell = _READERS.get(pointer, text)
    if isinstance(column, BirthDate):
        read = _date(column.formats)
    elif isinstance(column, PostalCode) and column.us_zip:
        read = _us_zip
    if column.prefix:
        read = _without(column.prefix, read)
    said = column.values | dict.fromkeys(empty_texts, "")
    return _translated(said, read) if said else read


def _without(prefix: str, read: ReadCell) -> ReadCell:
    return lambda cell: read(cell.removeprefix(prefix))


def _translated(said: Mapping[str, str], read: ReadCell) -> ReadCell:
    return lambda cell: read(said.get(cell, cell))
