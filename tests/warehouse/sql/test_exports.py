"""What leaves as CSV, JSON or Parquet is exact, and runs nothing in a spreadsheet."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse.sql.exports import csv_records, json_lines, write_parquet
from warehouse.sql.query_errors import QueryError
from warehouse.sql.query_result import QueryResult, Row

AT = datetime(2025, 1, 2, 3, 4, 5, 678)  # noqa: DTZ001 - as the warehouse stores it


def answer(columns: Sequence[str], *rows: Row, types: Sequence[pa.DataType] = ()) -> QueryResult:
    fields = [pa.field(name, kind) for name, kind in zip(columns, types or [pa.string()] * len(columns), strict=True)]
    return QueryResult(pa.schema(fields), iter(rows))


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "\uff1d1", '=HYPERLINK("http://localhost")'],
)
def test_a_text_that_a_spreadsheet_would_run_begins_with_an_apostrophe(text: str) -> None:
    records = csv_records(answer(["=a", "b"], (text, "plain")))
    [header, row] = csv.reader(io.StringIO("\r\n".join(records), newline=""), strict=True)
    assert header == ["'=a", "b"]
    assert row == [f"'{text}", "plain"]


def test_numbers_stay_numbers_in_csv() -> None:
    row = (-5, Decimal("-0.50"), Decimal("1E+3"), True, None, date(2025, 1, 2), AT, 'a,"b"', b"\x00")
    assert list(csv_records(answer("abcdefghi", row)))[1:] == [
        '-5,-0.50,1000,true,,2025-01-02,2025-01-02 03:04:05.000678,"a,""b""",00'
    ]


def test_json_keeps_all_digits_and_is_one_document() -> None:
    big = Decimal("12345678901234567.891")
    row = (
        big,
        2**62,
        None,
        True,
        float("nan"),
        Decimal("NaN"),
        AT,
        "\x1b\u202e\x7f\n",
        [Decimal("1.10")],
        {"k": b"\x01"},
    )
    lines = list(json_lines(answer("abcdefghij", row, row)))
    document = json.loads("\n".join(lines), parse_float=Decimal)
    assert len(document) == len(lines) - 1 == 2
    assert list(document[0].values()) == [
        *(big, 2**62, None, True, None, None, str(AT), "\x1b\u202e\x7f\n", [Decimal("1.10")], {"k": "01"})
    ]


def test_an_answer_without_rows_is_a_document_too() -> None:
    assert json.loads("".join(json_lines(answer("a")))) == []
    assert list(csv_records(answer("a"))) == ["a"]


def test_parquet_keeps_types_and_rows(tmp_path: Path) -> None:
    types = [pa.decimal128(20, 3), pa.int64(), pa.date32(), pa.string()]
    rows = [(Decimal("1.500"), number, date(2025, 1, 2), None) for number in range(5)]
    assert write_parquet(answer("abcd", *rows, types=types), tmp_path / "a.parquet") == 5
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.schema.types == types
    assert [tuple(row.values()) for row in table.to_pylist()] == rows


def test_what_parquet_has_no_type_for_is_said(tmp_path: Path) -> None:
    numbers = answer("a", (Decimal("1.5"),), (Decimal("NaN"),), types=[pa.decimal128(3, 1)])
    with pytest.raises(QueryError, match="cannot be Parquet, cast the column"):
        write_parquet(numbers, tmp_path / "a.parquet")
