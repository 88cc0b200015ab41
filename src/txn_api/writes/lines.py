"""Lines out of a body that arrives in pieces, in bounded memory."""

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Final, NamedTuple

SPLIT_BYTES: Final = 8 << 10
"""Of a piece, so many bytes are split at a time; a line that is longer is found by itself."""


class Line(NamedTuple):
    """One line with its 1-based number and how many bytes came of it.

    `data` is None when the line was longer than the bound, and empty when it is blank.
    """

    number: int
    data: bytes | None
    size: int


class LineSplitter:
    """Splits pieces at newlines. A line over the bound is dropped while it arrives and reported once, at its end.

    Lines are made some at a time as they are asked for: a piece of short lines would take fifty times its memory as
    objects. A byte order mark before the first line is skipped (RFC 8259, 8.1, lets a parser do that).
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._split_bytes = min(bytes_max, SPLIT_BYTES)
        self._rest = bytearray()  # grows in place, however small the pieces of a line are
        self._dropped = 0  # of a line over the bound
        self._number = 0
        self._begun = False

    def feed(self, piece: bytes) -> Iterator[Line]:
        """The lines that a piece completes, blank ones among them: a body of nothing else takes as long."""
        if not self._begun:
            piece, self._rest = bytes(self._rest) + piece, bytearray()
            if piece != BOM_UTF8 and BOM_UTF8.startswith(piece):
                self._rest += piece  # too little of it to tell
                return
            piece, self._begun = piece.removeprefix(BOM_UTF8), True
        begin = 0
        while (end := piece.find(b"\n", begin)) >= 0:
            yield self._line(piece, begin, end)
            begin = end + 1
            # Nothing is kept of a line from here on.
            while (end := piece.rfind(b"\n", begin, begin + self._split_bytes)) >= 0:
                for data in piece[begin:end].split(b"\n"):
                    self._number += 1
                    # As its class makes one, without a call of Python.
                    yield tuple.__new__(Line, (self._number, data if data.strip() else b"", len(data)))
                begin = end + 1
        self._keep(piece, begin, len(piece))

    def end(self) -> Iterator[Line]:
        """The last line, if the body did not end in a newline."""
        if self._rest or self._dropped:
            yield self._line(b"", 0, 0)

    def _line(self, piece: bytes, begin: int, end: int) -> Line:
        """The line that ends there in a piece, with what came of it before."""
        self._number += 1
        if self._rest or self._dropped:
            self._keep(piece, begin, end)
            data, size = bytes(self._rest), self._dropped + len(self._rest)
            is_overlong, self._dropped = bool(self._dropped), 0
            self._rest.clear()
        else:
            size = end - begin
            is_overlong = size > self._bytes_max
            data = b"" if is_overlong else piece[begin:end]
        if is_overlong:
            return Line(self._number, None, size)
        return Line(self._number, data if data.strip() else b"", size)

    def _keep(self, piece: bytes, begin: int, end: int) -> None:
        """Keep a part of a line whose end is still to come, unless it is too long."""
        if self._dropped or len(self._rest) + end - begin > self._bytes_max:
            self._dropped += len(self._rest) + end - begin
            self._rest = bytearray()
        elif end > begin:
            self._rest += memoryview(piece)[begin:end]
