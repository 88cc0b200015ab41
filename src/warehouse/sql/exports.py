"""Answers as CSV, JSON and Parquet, row after row in bounded memory."""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator
from datetime import date, time
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.sql.query_errors import QueryError
from warehouse.sql.query_result import QueryResult, Row

ROWS_OF_A_GROUP: Final = 100_000
_LINE_END: Final = "\r\n"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a text begins with that a spreadsheet runs (OWASP, "CSV Injection"), the full-width forms among them."""


def csv_records(answer: QueryResult) -> Iterator[str]:
    """The header and the rows as records of CSV (RFC 4180), without line ends. None is empty.

    A text that a spreadsheet would run as a formula begins with an apostrophe; numbers stay what they are.
    """
    yield _csv_record(answer.columns)
    for row in answer.rows:
        yield _csv_record(row)


def _csv_record(row: Iterable[object]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator=_LINE_END).writerow(map(_cell, row))  # quotes cells with characters of it
    return written.getvalue().removesuffix(_LINE_END)


def _cell(value: object) -> object:
    match value:
        case bool():
            return str(value).lower()
        case Decimal():
            return format(value, "f")
        case bytes():
            return value.hex()
        case None | int() | float() | date() | time():
            return value
        case _:
            text = value if isinstance(value, str) else str(value)
            return f"'{text}" if text.lstrip(" \n").startswith(_FORMULA) else text


def json_lines(answer: QueryResult) -> Iterator[str]:
    """One JSON array, a line a row. Decimals keep all their digits; what JSON has no number for is null."""
    names = [json.dumps(name) for name in answer.columns]
    opening = "["
    for row in answer.rows:
        fields = ", ".join(f"{name}: {json_text(value)}" for name, value in zip(names, row, strict=True))
        yield f"{opening}{{{fields}}}"
        opening = ","
    yield "]" if opening == "," else "[]"


def json_text(value: object) -> str:
    """A value as JSON. Decimals keep all their digits; what JSON has no number for is null."""
    match value:
        case Decimal() if value.is_finite():
            return format(value, "f")
        case dict():
            return (
                "{" + ", ".join(f"{json.dumps(str(name))}: {json_text(each)}" for name, each in value.items()) + "}"
            )
        case list():
            return "[" + ", ".join(map(json_text, value)) + "]"
        case _:
            return json.dumps(_plain(value))


def _plain(value: object) -> object:
    """A value that JSON has: texts for dates and the like, None for what is no number."""
    match value:
        case Decimal():
            return None
        case float():
            return value if math.isfinite(value) else None
        case bytes():
            return value.hex()
        case None | str() | int():
            return value
        case _:
            return str(value)


def write_parquet(answer: QueryResult, file: Path) -> int:
    """Write an answer's rows as Parquet (zstd); gives how many.

    Raises:
        QueryError: a column has a type that Parquet has not.
    """
    rows, count = iter(answer.rows), 0
    try:
        with pq.ParquetWriter(file, answer.schema, compression="zstd") as writer:
            while group := list(islice(rows, ROWS_OF_A_GROUP)):
                writer.write_batch(_batch(answer.schema, group))
                count += len(group)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise QueryError(f"this answer cannot be Parquet, cast the column or take csv: {error}") from None
    return count


def _batch(schema: pa.Schema, rows: list[Row]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
