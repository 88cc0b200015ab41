"""One row of the Kaggle layout (`kartik2112/fraud-detection`, `fraudTrain.csv`) as one request body.

The layout's artefacts are undone here and nowhere else: the `fraud_` before every merchant name, lost zeros of zip
codes, a time without a zone (UTC) and one that is seven years off (ignored). Whatever does not fit exactly, such
as what a spreadsheet leaves of a card number, is turned away with the column and a code. The rules of the domain
(Luhn, ranges, lengths) stay the server's; `column_of` leads its pointers back to the file.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import BinaryIO, Final

from txn_cli.csvrecords import BrokenRecord, records
from txn_cli.rejection import WHOLE_ROW, Rejection
from txn_core.errors import TxnError

COLUMNS: Final = (
    "", "trans_date_trans_time", "cc_num", "merchant", "category", "amt", "first", "last", "gender", "street",
    "city", "state", "zip", "lat", "long", "city_pop", "job", "dob", "trans_num", "unix_time", "merch_lat",
    "merch_long", "is_fraud",
)  # fmt: skip
CURRENCY: Final = "USD"
MERCHANT_ARTEFACT: Final = "fraud_"

MESSAGES: Final[dict[str, str]] = {
    "amount_format": "must be a decimal number with at most two decimals",
    "card_number_not_digits": "must be digits alone; a spreadsheet may have rounded it",
    "column_count": "has another number of cells than the header",
    "coordinate_format": "must be a decimal number of degrees",
    "date_format": "must be a calendar date YYYY-MM-DD",
    "encoding": "is not UTF-8",
    "flag_format": "must be 0 or 1",
    "line_break": "holds a line break",
    "line_too_long": "is longer than 64 KiB",
    "population_format": "must be a whole number",
    "quoting": "has a quote that does not fit (RFC 4180)",
    "timestamp_format": "must be a time YYYY-MM-DD HH:MM:SS",
    "value_missing": "is empty",
    "zip_format": "must be three to five digits",
}


class LayoutError(TxnError):
    """A file is not in the Kaggle layout at all. Names our columns, never what the file holds."""


@dataclass(frozen=True, slots=True)
class SoundRow:
    """A row that fits the layout: the line it starts on and its request body as compact JSON."""

    line: int
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DamagedRow:
    """A row that does not, with every fault that was found."""

    line: int
    faults: tuple[Rejection, ...]


Row = SoundRow | DamagedRow


def read_rows(file: BinaryIO) -> Iterator[Row]:
    """Every row of a CSV in the Kaggle layout, in the file's order and with bounded memory.

    Raises:
        LayoutError: the header lacks columns, or has ones that the layout does not.
    """
    stream = records(file)
    header = next(stream, None)
    names = _header([] if header is None or isinstance(header, BrokenRecord) else header.cells)
    for record in stream:
        if isinstance(record, BrokenRecord):
            yield _damaged(record.line, {WHOLE_ROW: record.code})
        elif len(record.cells) != len(names):
            yield _damaged(record.line, {WHOLE_ROW: "column_count"})
        else:
            yield parse_row(dict(zip(names, record.cells, strict=True)), line=record.line)


def parse_row(cells: Mapping[str, str], *, line: int) -> Row:
    """One row, given its cells by column, as a request body or as its faults."""
    values: dict[str, object] = {}
    faults: dict[str, str] = {}
    for column, read in _READERS.items():
        try:
            values[column] = read(cells[column])
        except _UnfitError as unfit:
            faults[column] = unfit.code
    if faults:
        return _damaged(line, faults)
    return SoundRow(line, json.dumps(_body(values), ensure_ascii=False, separators=(",", ":")).encode())


def column_of(pointer: str) -> str:
    """The file's column behind a JSON pointer into the request body; `row` when it is none's alone."""
    return _COLUMN_OF_POINTER.get(pointer.removeprefix("#"), WHOLE_ROW)


def _header(cells: Sequence[str]) -> Sequence[str]:
    missing = [repr(name) for name in COLUMNS if name not in cells]
    if missing:
        raise LayoutError(f"not in the Kaggle layout: the header lacks {', '.join(missing)}")
    # What the header holds besides is not shown: in a file without one it would be somebody's card number.
    if len(cells) != len(COLUMNS):
        raise LayoutError(f"not in the Kaggle layout: {len(cells) - len(COLUMNS)} columns too many")
    return cells


def _damaged(line: int, codes: Mapping[str, str]) -> DamagedRow:
    return DamagedRow(line, tuple(Rejection(line, name, code, MESSAGES[code]) for name, code in codes.items()))


def _body(values: Mapping[str, object]) -> dict[str, object]:
    return {
        "transaction_id": values["trans_num"],
        "type": "purchase",
        "card_number": values["cc_num"],
        "amount_minor": values["amt"],
        "currency": CURRENCY,
        "occurred_at": values["trans_date_trans_time"],
        "merchant": {name: values[column] for name, column in _MERCHANT.items()},
        "customer": {name: values[column] for name, column in _CUSTOMER.items()},
        "is_fraud": values["is_fraud"],
    }


class _UnfitError(Exception):
    """A cell does not fit its column."""

    def __init__(self, code: str) -> None:
        self.code = code


def _text(cell: str) -> str:
    if not cell:
        raise _UnfitError("value_missing")
    if "\n" in cell or "\r" in cell:
        raise _UnfitError("line_break")
    return cell


def _matching(pattern: str, code: str) -> Callable[[str], str]:
    """A reader of cells that match the whole pattern."""
    compiled = re.compile(pattern)

    def read(cell: str) -> str:
        if not compiled.fullmatch(_text(cell)):
            raise _UnfitError(code)
        return cell

    return read


_decimal_amount = _matching(r"[0-9]{1,15}(\.[0-9]{1,2})?", "amount_format")
_decimal_degrees = _matching(r"-?[0-9]{1,3}(\.[0-9]{1,18})?", "coordinate_format")
_whole_number = _matching(r"[0-9]{1,12}", "population_format")
_zip = _matching(r"[0-9]{3,5}", "zip_format")
_flag = _matching(r"[01]", "flag_format")
_timestamp = _matching(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", "timestamp_format")
_date = _matching(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "date_format")


def amount_minor(cell: str) -> int:
    """Hundredths of decimal text, never through a float: `4.97` is 497, `45.0` and `45` are 4500."""
    whole, _, decimals = _decimal_amount(cell).partition(".")
    return int(whole + decimals.ljust(2, "0"))


def occurred_at(cell: str) -> str:
    """The instant in RFC 3339 of a time without a zone, which in this layout is UTC."""
    try:
        datetime.fromisoformat(_timestamp(cell))
    except ValueError:
        raise _UnfitError("timestamp_format") from None
    return f"{cell[:10]}T{cell[11:]}Z"


def _date_of_birth(cell: str) -> str:
    try:
        date.fromisoformat(_date(cell))
    except ValueError:
        raise _UnfitError("date_format") from None
    return cell


_READERS: Final[Mapping[str, Callable[[str], object]]] = {
    "trans_date_trans_time": occurred_at,
    "cc_num": _matching(r"[0-9]+", "card_number_not_digits"),
    "merchant": lambda cell: _text(_text(cell).removeprefix(MERCHANT_ARTEFACT)),
    "category": _text,
    "amt": amount_minor,
    "first": _text,
    "last": _text,
    "gender": _text,
    "street": _text,
    "city": _text,
    "state": _text,
    "zip": lambda cell: _zip(cell).zfill(5),
    "lat": lambda cell: float(_decimal_degrees(cell)),
    "long": lambda cell: float(_decimal_degrees(cell)),
    "city_pop": lambda cell: int(_whole_number(cell)),
    "job": _text,
    "dob": _date_of_birth,
    "trans_num": _text,
    "merch_lat": lambda cell: float(_decimal_degrees(cell)),
    "merch_long": lambda cell: float(_decimal_degrees(cell)),
    "is_fraud": lambda cell: _flag(cell) == "1",
}
_MERCHANT: Final = {
    "name": "merchant",
    "category": "category",
    "latitude": "merch_lat",
    "longitude": "merch_long",
}
_CUSTOMER: Final = {
    "first_name": "first",
    "last_name": "last",
    "gender": "gender",
    "date_of_birth": "dob",
    "job": "job",
    "street": "street",
    "city": "city",
    "state": "state",
    "postal_code": "zip",
    "latitude": "lat",
    "longitude": "long",
    "city_population": "city_pop",
}
_COLUMN_OF_POINTER: Final = {
    "/transaction_id": "trans_num",
    "/card_number": "cc_num",
    "/amount_minor": "amt",
    "/occurred_at": "trans_date_trans_time",
    "/is_fraud": "is_fraud",
    **{f"/merchant/{name}": column for name, column in _MERCHANT.items()},
    **{f"/customer/{name}": column for name, column in _CUSTOMER.items()},
}
