"""Records out of pieces are those that the loader finds in a file of the same bytes."""

import io
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.layouts.csv_records import RECORD_LINES_MAX, UNCLOSED, BrokenRecord, cells_of, records
from txn_api.csv_uploads.records import RecordSplitter

HEADER = b"a,b\n"
BYTES_MAX = 1 << 16
Found = tuple[int, list[str] | str]


def found(pieces: Sequence[bytes], *, separator: str = ",") -> list[Found]:
    """What becomes of a body that comes in pieces."""
    splitter = RecordSplitter(BYTES_MAX)

    def lines() -> Iterator[Found]:
        for feed in (*(splitter.feed(piece) for piece in pieces), splitter.end()):
            for line in feed:
                if splitter.separator is None:
                    splitter.separator = separator
                if line.data is None:
                    yield line.number, "line_too_long"
                elif line.data:
                    cells = cells_of(line.data, separator)
                    yield line.number, "quoting" if cells == UNCLOSED else cells

    return list(lines())


def expected(content: bytes) -> list[Found]:
    """The records of a file; the splitter passes over lines of white space as well."""
    return [
        (record.line, record.code if isinstance(record, BrokenRecord) else record.cells)
        for record in records(io.BytesIO(content))
    ]


LINE = st.text(st.sampled_from('a,"\r'), max_size=6).map(lambda text: "x" + text)


@given(st.lists(LINE, max_size=40), st.integers(1, 9), st.booleans())
def test_pieces_hold_the_records_of_the_file(lines: list[str], size: int, has_end: bool) -> None:  # noqa: FBT001
    """Wherever quotes are lost, and wherever the body is cut."""
    content = HEADER + "\n".join(lines).encode() + (b"\n" if has_end else b"")
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    assert found(pieces) == expected(content)


@given(st.lists(st.sampled_from([b'"x', b'x"', b'""', b"x", b'"x"', b'x,"', b'",x']), max_size=60))
def test_quotes_over_lines_are_those_of_the_file(lines: list[bytes]) -> None:
    """Of as many lines as a record may have, one more, and all that stand between."""
    content = HEADER + b"\n".join(lines) + b"\n"
    assert found([content]) == expected(content)


@pytest.mark.parametrize("count", [RECORD_LINES_MAX - 1, RECORD_LINES_MAX, RECORD_LINES_MAX + 1])
def test_a_cell_spans_so_many_lines_and_no_more(count: int) -> None:
    content = HEADER + b'"' + b"x\n" * (count - 1) + b'x",y\nz,z\n'
    assert found([content]) == expected(content)
    assert (found([content])[1][1] == "quoting") == (count > RECORD_LINES_MAX)


def test_a_record_has_its_bytes_at_most() -> None:
    """Joined lines that are too long break where they began, and what is behind is read."""
    content = HEADER + b'"' + b"x" * 40_000 + b"\n" + b"y" * 40_000 + b'"\nz,z\n'
    assert [(number, isinstance(cells, str)) for number, cells in found([content])] == [
        *((1, False), (2, True), (3, False), (4, False))
    ]


def test_a_body_of_quotes_costs_what_its_bytes_cost() -> None:
    """Each line is looked at a few times, however many before it were open."""
    content = HEADER + b'"\n' + b'""\n' * 20_000
    parsed = found([content])
    assert len(parsed) == 20_002
