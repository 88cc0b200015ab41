"""Lines out of a body that arrives in pieces, in bounded memory."""

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import NamedTuple


class Line(NamedTuple):
    """One line with its 1-based number; `data` is none when it was longer than the bound, empty when it is blank."""

    number: int
    data: bytes | None


class LineSplitter:
    """Splits pieces at newlines. A line over the bound is dropped while it arrives and reported once, at its end.

    A byte order mark before the first line is skipped (RFC 8259, 8.1, lets a parser do that).
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._rest = b""
        self._number = 0
        self._begun = self._overlong = False

    def feed(self, piece: bytes) -> Iterator[Line]:
        """The lines that a piece completes, blank ones among them: a body of nothing else takes as long."""
        content = self._rest + piece
        if not self._begun:
            if content != BOM_UTF8 and BOM_UTF8.startswith(content):
                self._rest = content  # too little of it to tell
                return
            content, self._begun = content.removeprefix(BOM_UTF8), True
        *complete, rest = content.split(b"\n")
        for data in complete:
            yield from self._line(data)
        self._keep(rest)

    def end(self) -> Iterator[Line]:
        """The last line, if the body did not end in a newline."""
        if self._rest or self._overlong:
            yield from self._line(self._rest)
            self._rest = b""

    def _line(self, data: bytes) -> Iterator[Line]:
        self._number += 1
        if self._overlong or len(data) > self._bytes_max:
            self._overlong = False
            yield Line(self._number, None)
        else:
            yield Line(self._number, data if data.strip() else b"")

    def _keep(self, rest: bytes) -> None:
        if len(rest) > self._bytes_max:
            self._overlong = True
        self._rest = b"" if self._overlong else rest
