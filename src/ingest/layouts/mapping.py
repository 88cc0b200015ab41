"""`--map`: other names for a layout's columns."""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel

from ingest.layouts.layout_errors import LayoutError
from ingest.layouts.model import NOWHERE, REQUIRED, Column, Layout, Moment
from txn_core.transactions.payment_fields import METADATA


def parse_map(texts: Iterable[str]) -> dict[str, str]:
    """Pairs of `LAYOUT=FILE`: what a layout calls a column or a field, and what the file calls the column.

    Raises:
        LayoutError: a text is no such pair, or one name comes twice.
    """
    pairs: dict[str, str] = {}
    for text in texts:
        ours, sign, theirs = text.partition("=")
        if not sign or not ours:
            raise LayoutError(f"--map {text}: must be LAYOUT=FILE, such as --map amt=amount")
        if ours in pairs:
            raise LayoutError(f"--map {ours}: comes twice")
        pairs[ours] = theirs
    return pairs


def unknown_names(layout: Layout, pairs: Mapping[str, str]) -> list[str]:
    """The names to the left of a map that are neither a column nor a field of a layout."""
    known = {name for pointer, column in layout.fields() for name in _names_of(pointer, column)}
    return [name for name in pairs if name not in known]


def renamed(layout: Layout, pairs: Mapping[str, str]) -> Layout:
    """A layout with other names for its columns. A column that is called nothing is one that the file lacks.

    Raises:
        LayoutError: the service needs a column that the file lacks.
    """
    if not pairs:
        return layout
    changed: dict[str, object] = {
        "amount": tuple(_renamed("/amount_minor", amount, pairs) for amount in layout.amount)
    }
    parts: dict[str, dict[str, object]] = {"merchant": {}, "customer": {}, "terminal": {}, METADATA: {}}
    for pointer, column in layout.fields():
        if pointer == "/amount_minor":
            continue
        *inside, name = pointer[1:].split("/")
        (parts[inside[0]] if inside else changed)[name] = _renamed(pointer, column, pairs)
    changed[METADATA] = parts.pop(METADATA)
    for part, fields in parts.items():
        columns: BaseModel = getattr(layout, part)
        changed[part] = columns.model_copy(update=fields)
    return layout.model_copy(update=changed)


def _renamed(pointer: str, column: Column, pairs: Mapping[str, str]) -> Column:
    update: dict[str, object] = {}
    for name in _names_of(pointer, column):
        if (theirs := pairs.get(name)) is None:
            continue
        if isinstance(column, Moment) and name in {column.time_column, column.zone_column}:
            update["time_column" if name == column.time_column else "zone_column"] = theirs or None
        elif theirs:
            update |= {"column": (theirs,), "value": None, "may_be_absent": False}
        elif pointer in REQUIRED:
            raise LayoutError(f"--map {name}=: no transaction is without it; name the file's column")
        else:
            update |= {"column": (NOWHERE,), "may_be_absent": True}
    return column.model_copy(update=update)


def _names_of(pointer: str, column: Column) -> list[str]:
    """What a column may be called to the left of a map: its names, and its field's."""
    names = [pointer[1:].replace("/", "."), *column.column]
    if pointer == "/amount_minor":
        names.append("amount")
    if isinstance(column, Moment):
        names += [name for name in (column.time_column, column.zone_column) if name]
    return names
