"""Lines out of pieces."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txn_api.lines import Line, LineSplitter

BYTES_MAX = 8
MARK = "\ufeff".encode()


def split(pieces: Sequence[bytes]) -> list[Line]:
    """All lines of a body."""
    splitter = LineSplitter(BYTES_MAX)
    return [*(line for piece in pieces for line in splitter.feed(piece)), *splitter.end()]


def expected(body: bytes) -> list[Line]:
    """All lines of a body by its definition: bounded by newlines, numbered from 1, blank ones empty."""
    body = body.removeprefix(MARK)
    lines = enumerate(body.split(b"\n"), start=1)
    return [
        Line(number, (data if data.strip() else b"") if len(data) <= BYTES_MAX else None) for number, data in lines
    ][: None if body.rpartition(b"\n")[2] else -1]


@given(st.lists(st.sampled_from([*b"ab \r\n\n", *MARK * 2]), max_size=90), st.lists(st.integers(0, 30), max_size=12))
def test_a_mark_may_be_cut_anywhere(content: list[int], lengths: list[int]) -> None:
    """A byte order mark is skipped before the first line alone, whichever pieces it is in."""
    body = MARK[: len(content) % 4] + bytes(content)
    pieces = []
    for length in lengths:
        pieces.append(body[:length])
        body = body[length:]
    assert split([*pieces, body]) == expected(b"".join(pieces) + body)


@given(st.lists(st.text(alphabet="ab \r\n\n", max_size=30).map(str.encode), max_size=12))
def test_pieces_do_not_matter(pieces: list[bytes]) -> None:
    """However a body is cut into pieces, its lines and their numbers are those of the whole."""
    assert split(pieces) == expected(b"".join(pieces))


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b"", []),
        (b"\n\n\n", [Line(1, b""), Line(2, b""), Line(3, b"")]),
        (b"a\nb\n", [Line(1, b"a"), Line(2, b"b")]),
        (b"a\nb", [Line(1, b"a"), Line(2, b"b")]),
        (b"a\r\n\r\nb\r\n", [Line(1, b"a\r"), Line(2, b""), Line(3, b"b\r")]),
        (b"\n \t\nb", [Line(1, b""), Line(2, b""), Line(3, b"b")]),
        (b"12345678\n123456789\nb", [Line(1, b"12345678"), Line(2, None), Line(3, b"b")]),
        (b"123456789", [Line(1, None)]),
        (MARK, []),
        (MARK + b"12345678\n", [Line(1, b"12345678")]),
        (MARK + b"123456789\n", [Line(1, None)]),
        (MARK + b"\r\na", [Line(1, b""), Line(2, b"a")]),
        (MARK + MARK + b"a\n", [Line(1, MARK + b"a")]),
        (b"a\n" + MARK + b"b\n", [Line(1, b"a"), Line(2, MARK + b"b")]),
        (b"\n" + MARK + b"b", [Line(1, b""), Line(2, MARK + b"b")]),
        (b" " + MARK, [Line(1, b" " + MARK)]),
        (MARK[:2], [Line(1, MARK[:2])]),
    ],
)
def test_lines_by_example(body: bytes, lines: list[Line]) -> None:
    """Blank lines are given empty, the last newline may be missing, an overlong line is given as such."""
    assert split([body]) == lines
    assert split([bytes([byte]) for byte in body]) == lines


def test_an_overlong_line_is_not_kept() -> None:
    """Whatever its length, no more of it is in memory than the bound."""
    splitter = LineSplitter(BYTES_MAX)
    for _ in range(1000):
        assert list(splitter.feed(b"x" * 100)) == []
        assert len(splitter._rest) <= BYTES_MAX
    assert list(splitter.feed(b"\nnext\n")) == [Line(1, None), Line(2, b"next")]
