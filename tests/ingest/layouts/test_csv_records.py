"""CSV records: what is well-formed is read, and what is damaged costs itself alone."""

import csv
import io

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ingest.layouts import csv_records
from ingest.layouts.csv_records import (
    LINE_BYTES_MAX,
    RECORD_LINES_MAX,
    BrokenRecord,
    CsvRecord,
    EndlessError,
    records,
)


def read(content: bytes) -> list[tuple[int, list[str] | str]]:
    return [
        (record.line, record.cells if isinstance(record, CsvRecord) else record.code)
        for record in records(io.BytesIO(content))
    ]


def test_cells_are_read_with_quotes_commas_and_either_line_end() -> None:
    content = b'a,"b, ""c"""\r\nd,e\n'
    assert read(content) == [(1, ["a", 'b, "c"']), (2, ["d", "e"])]


def test_a_byte_order_mark_is_not_part_of_the_first_cell() -> None:
    assert read(b"\xef\xbb\xbfa,b\n") == [(1, ["a", "b"])]


def test_empty_lines_are_no_records_but_count_as_lines() -> None:
    assert read(b"a\n\n\r\nb") == [(1, ["a"]), (4, ["b"])]


def test_a_record_over_several_lines_is_numbered_by_its_first() -> None:
    assert read(b'a,"b\nc"\nd,e\n') == [(1, ["a", "b\nc"]), (3, ["d", "e"])]


def test_a_lost_quote_costs_its_own_line_alone() -> None:
    """The standard reader would swallow the lines up to the next quote."""
    content = b'1,"fraud_A, B and C,x\n2,fraud_D,x\n3,"fraud_E, F",x\n4,y,z\n'
    expected = [
        (1, "quoting"), (2, ["2", "fraud_D", "x"]), (3, ["3", "fraud_E, F", "x"]), (4, ["4", "y", "z"])
    ]  # fmt: skip
    assert read(content) == expected


def test_a_quote_that_is_never_closed_costs_its_own_line_alone() -> None:
    content = b'1,"a\n' + b"".join(b"%d,b\n" % n for n in range(2, 40))
    assert read(content) == [(1, "quoting"), *((n, [str(n), "b"]) for n in range(2, 40))]


def test_text_after_a_closing_quote_is_broken() -> None:
    assert read(b'a,"b"c\nd\n') == [(1, "quoting"), (2, ["d"])]


def test_bytes_that_are_not_utf8_cost_their_line_alone() -> None:
    assert read(b"a\n\xff\xfe\nb\n") == [(1, ["a"]), (2, "encoding"), (3, ["b"])]


def test_a_line_without_end_is_read_in_bounded_memory() -> None:
    content = b"a\n" + b"x" * (3 * LINE_BYTES_MAX) + b"\nb\n"
    assert read(content) == [(1, ["a"]), (2, "line_too_long"), (3, ["b"])]


def test_a_record_that_is_broken_does_not_show_itself() -> None:
    (record,) = records(io.BytesIO(b'"secret'))
    assert isinstance(record, BrokenRecord)
    assert "secret" not in repr(record)


def test_a_line_that_does_not_end_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_records, "EMPTY_BYTES_MAX", 3 * LINE_BYTES_MAX)
    found = records(io.BytesIO(b"a\n" + b"x" * (9 * LINE_BYTES_MAX)))
    assert next(found) == CsvRecord(1, ["a"])
    with pytest.raises(EndlessError, match="line 2 is longer than"):
        next(found)


def test_lines_without_end_that_are_empty_end_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_records, "EMPTY_BYTES_MAX", 100)
    assert len(read(b"a\n" + b"\n" * 100 + b"b\n" + b"\n" * 100)) == 2
    with pytest.raises(EndlessError, match="only empty lines stand before line 51"):
        read(b"\r\n" * 1_000)


text_cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1, max_size=20)
all_cells = st.text(st.characters(codec="utf-8") | st.sampled_from(list("\r\n\"',;|\t\ufeff ")), max_size=20)


@given(
    rows=st.lists(st.lists(all_cells, min_size=2, max_size=4), min_size=1, max_size=10),
    separator=st.sampled_from(",;|\t"),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
    quoted=st.booleans(),
)
def test_every_form_of_csv_is_read_back(
    rows: list[list[str]], separator: str, end: str, *, mark: bool, quoted: bool
) -> None:
    """Quotes, separators and line breaks in cells, either line end, a byte order mark, any separator."""
    # The standard writer quotes a lone CR only where CR ends lines.
    assume(quoted or end == "\r\n" or not any("\r" in cell for row in rows for cell in row))
    assume(all(sum(cell.count("\n") for cell in row) < RECORD_LINES_MAX for row in rows))
    file = io.StringIO()
    writer = csv.writer(
        file, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    )
    writer.writerows([["id", "x"], *rows])
    content = b"\xef\xbb\xbf" * mark + file.getvalue().encode()
    found = [record.cells for record in records(io.BytesIO(content), separator) if isinstance(record, CsvRecord)]
    assert found == [["id", "x"], *rows]


@given(st.lists(st.lists(text_cells, min_size=2, max_size=4), min_size=1, max_size=10))
def test_whatever_the_standard_writer_writes_is_read_back(rows: list[list[str]]) -> None:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([["id", "x"], *rows])
    assert [cells for _, cells in read(file.getvalue().encode())] == [["id", "x"], *rows]
