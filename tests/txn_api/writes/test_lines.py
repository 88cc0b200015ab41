"""Lines out of pieces."""

import time
import tracemalloc
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txn_api.writes.lines import Line, LineSplitter

BYTES_MAX = 8
MARK = "\ufeff".encode()


Numbered = tuple[int, bytes | None]


def split(pieces: Sequence[bytes]) -> list[Numbered]:
    """All lines of a body; their sizes are those of the body's lines."""
    splitter = LineSplitter(BYTES_MAX)
    lines = [*(line for piece in pieces for line in splitter.feed(piece)), *splitter.end()]
    sizes = [len(data) for data in b"".join(pieces).removeprefix(MARK).split(b"\n")]
    assert [line.size for line in lines] == sizes[: len(lines)]
    return numbered(lines)


def numbered(lines: Iterable[Line]) -> list[Numbered]:
    """Lines without their sizes."""
    return [(line.number, line.data) for line in lines]


def expected(body: bytes) -> list[Numbered]:
    """All lines of a body by its definition: bounded by newlines, numbered from 1, blank ones empty."""
    body = body.removeprefix(MARK)
    lines = enumerate(body.split(b"\n"), start=1)
    return [(number, (data if data.strip() else b"") if len(data) <= BYTES_MAX else None) for number, data in lines][
        : None if body.rpartition(b"\n")[2] else -1
    ]


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
        (b"\n\n\n", [(1, b""), (2, b""), (3, b"")]),
        (b"a\nb\n", [(1, b"a"), (2, b"b")]),
        (b"a\nb", [(1, b"a"), (2, b"b")]),
        (b"a\r\n\r\nb\r\n", [(1, b"a\r"), (2, b""), (3, b"b\r")]),
        (b"\n \t\nb", [(1, b""), (2, b""), (3, b"b")]),
        (b"12345678\n123456789\nb", [(1, b"12345678"), (2, None), (3, b"b")]),
        (b"123456789", [(1, None)]),
        (MARK, []),
        (MARK + b"12345678\n", [(1, b"12345678")]),
        (MARK + b"123456789\n", [(1, None)]),
        (MARK + b"\r\na", [(1, b""), (2, b"a")]),
        (MARK + MARK + b"a\n", [(1, MARK + b"a")]),
        (b"a\n" + MARK + b"b\n", [(1, b"a"), (2, MARK + b"b")]),
        (b"\n" + MARK + b"b", [(1, b""), (2, MARK + b"b")]),
        (b" " + MARK, [(1, b" " + MARK)]),
        (MARK[:2], [(1, MARK[:2])]),
    ],
)
def test_lines_by_example(body: bytes, lines: list[Numbered]) -> None:
    """Blank lines are given empty, the last newline may be missing, an overlong line is given as such."""
    assert split([body]) == lines
    assert split([bytes([byte]) for byte in body]) == lines


def test_an_overlong_line_is_not_kept() -> None:
    """Whatever its length, no more of it is in memory than the bound."""
    splitter = LineSplitter(BYTES_MAX)
    for _ in range(1000):
        assert list(splitter.feed(b"x" * 100)) == []
        assert len(splitter._rest) <= BYTES_MAX
    assert numbered(splitter.feed(b"\nnext\n")) == [(1, None), (2, b"next")]


def test_a_line_may_come_byte_by_byte() -> None:
    """Four times as long a line takes about four times as long, not sixteen times."""

    def took_s(length: int) -> float:
        splitter = LineSplitter(length)
        began = time.process_time()
        for _ in range(length):
            assert not list(splitter.feed(b"x"))
        assert [line.size for line in splitter.feed(b"\n")] == [length]
        return time.process_time() - began

    short, long = (min(took_s(length) for _ in range(3)) for length in (32 << 10, 128 << 10))
    assert long < 8 * short


def test_lines_of_a_piece_are_made_one_by_one() -> None:
    """The shortest lines would take many times the memory of their piece together."""
    piece = b"ab\n" * (64 << 10)
    splitter = LineSplitter(BYTES_MAX)
    tracemalloc.start()
    try:
        lines = sum(line.data == b"ab" for line in splitter.feed(piece))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lines == 64 << 10
    assert most < len(piece) // 4
