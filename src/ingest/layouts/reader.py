"""The rows of a file in a layout as request bodies, or as their faults."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from pydantic_core import to_json

from ingest.layouts.amounts import AmountReader
from ingest.layouts.cells import MESSAGES, ReadCell, UnfitError, reader_of
from ingest.layouts.header import Header
from ingest.layouts.model import REQUIRED, Amount, Column, Layout
from ingest.layouts.moments import MomentReader
from ingest.layouts.read_rows import DamagedRow, Row, SoundRow
from ingest.layouts.rejection import ENTIRE_ROW, Rejection
from ingest.layouts.row_ids import RowIds
from txn_core.transactions.currency import EXPONENTS
from txn_core.transactions.payment_fields import METADATA

_APART: Final = frozenset({"/amount_minor", "/occurred_at"})
_PARTS: Final = ("", "merchant", "customer", "terminal", METADATA)

_Faults = list[tuple[int, str, str]]


class _Step(NamedTuple):
    """How one cell becomes one field."""

    at: int
    label: str
    part: int
    name: str
    read: ReadCell
    required: bool


class RowReader:
    """Reads the rows of one file, one after the other: ids that are derived count the rows before."""

    def __init__(self, layout: Layout, header: Header, ids: RowIds | None = None) -> None:
        """Take a layout, and a header that lacks none of the columns that it needs."""
        self._header = header
        self._ids = ids or RowIds()
        self._columns: dict[str, str] = {}
        self._constants: list[dict[str, object]] = [{} for _ in _PARTS]
        self._steps = [
            step
            for pointer, column in layout.fields()
            if pointer not in _APART and (step := self._step(pointer, column, layout.empty_texts))
        ]
        self._amount_at, self._amount_label, amount = self._amount(layout.amount)
        self._amount_reader = AmountReader(amount)
        self._amount_value = amount.value
        moment = layout.occurred_at
        found = [header.first(moment.column), header.first([moment.time_column] if moment.time_column else [])]
        self._moment_at = [where[0] for where in found if where]
        self._moment_label = " ".join(where[1] for where in found if where)
        self._moment_value = moment.value
        self._moment_reader = MomentReader(moment)
        self._zone_at = header.find(moment.zone_column) if moment.zone_column else None
        self._columns |= {"/amount_minor": self._amount_label, "/occurred_at": self._moment_label}

    @property
    def columns(self) -> Mapping[str, str]:
        """The file's column behind each JSON pointer into a body."""
        return self._columns

    def row(self, line: int, cells: Sequence[str]) -> Row:
        """The row of a record's cells."""
        if len(cells) != len(self._header.cells):
            return damaged(line, ENTIRE_ROW, "column_count")
        faults: _Faults = []
        parts = [constants.copy() for constants in self._constants]
        for index, label, part, name, read, required in self._steps:
            try:
                value = read(cells[index])
            except UnfitError as unfit:
                faults.append((index, label, str(unfit)))
                continue
            if value is not None:
                parts[part][name] = value
            elif required:
                faults.append((index, label, "value_missing"))
        self._add_amount(parts[0], cells, faults)
        self._add_moment(parts[0], cells, faults)
        if faults:
            # In the order of the file.
            return DamagedRow(
                line, tuple(Rejection(line, label, code, MESSAGES[code]) for _, label, code in sorted(faults))
            )
        return SoundRow(line, self._body(parts), self._columns)

    def _body(self, parts: Sequence[dict[str, object]]) -> bytes:
        body, merchant, *others = parts
        if "transaction_id" not in body:
            body = {"transaction_id": self._ids.next(body, merchant["name"]), **body}
        body["merchant"] = merchant
        body |= {name: part for name, part in zip(_PARTS[2:], others, strict=True) if part}
        return to_json(body)

    def _add_amount(self, body: dict[str, object], cells: Sequence[str], faults: _Faults) -> None:
        cell = cells[self._amount_at] if self._amount_value is None else self._amount_value
        try:
            # An amount in a currency that is not known is held to be one of two decimals.
            signed = self._amount_reader.signed(cell, EXPONENTS.get(str(body.get("currency")), 2))
            said = body.get("type")
            body["type"] = self._amount_reader.typed(signed, None if said is None else str(said))
            body["amount_minor"] = abs(signed)
        except UnfitError as unfit:
            faults.append((self._amount_at, self._amount_label, str(unfit)))

    def _add_moment(self, body: dict[str, object], cells: Sequence[str], faults: _Faults) -> None:
        taken = [cells[at] for at in self._moment_at] if self._moment_value is None else [self._moment_value]
        zone = "" if self._zone_at is None else cells[self._zone_at]
        try:
            body["occurred_at"] = self._moment_reader.instant(taken, zone)
        except UnfitError as unfit:
            at = self._moment_at[0] if self._moment_at else 0
            faults.append((at, self._moment_label or "occurred_at", str(unfit)))

    def _step(self, pointer: str, column: Column, empty_texts: tuple[str, ...]) -> _Step | None:
        """How a column is read; None when the file has none, or the layout has one value for all rows."""
        *inside, name = pointer[1:].split("/")
        part = _PARTS.index(inside[0] if inside else "")
        read = reader_of(pointer, column, empty_texts)
        if pointer in {"/currency", "/cardholder_currency"}:
            read = _currency(read)
        if column.value is not None:
            self._constants[part][name] = read(column.value)
            return None
        if (found := self._header.first(column.column)) is None:
            return None
        index, label = found
        self._columns[pointer] = label
        return _Step(index, label, part, name, read, pointer in REQUIRED)

    def _amount(self, alternatives: Sequence[Amount]) -> tuple[int, str, Amount]:
        for amount in alternatives:
            if amount.value is not None:
                return 0, "amount", amount
            if found := self._header.first(amount.column):
                return *found, amount
        raise ValueError("the header lacks the amount")


def damaged(line: int, label: str, code: str) -> DamagedRow:
    """A row with one fault."""
    return DamagedRow(line, (Rejection(line, label, code, MESSAGES[code]),))


def _currency(read: ReadCell) -> Callable[[str], object]:
    def known(cell: str) -> object:
        code = read(cell)
        if code is not None and code not in EXPONENTS:
            raise UnfitError("currency_unknown")
        return code

    return known
