"""CSV records out of a byte stream (RFC 4180), one damaged record never taking its neighbours with it.

The standard reader alone does not do: after a lost quote it swallows rows until the next quote, and one wrong
byte ends the whole file. Here a record that cannot be read is one broken record of one line, and reading goes on
with the next line.
"""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from txn_core.exceptions import TxnError

LINE_BYTES_MAX: Final = 65_536
EMPTY_BYTES_MAX: Final = 64 << 20
"""How much of a file is passed over, without a record in it, before reading ends."""
RECORD_LINES_MAX: Final = 16

_BOM: Final = b"\xef\xbb\xbf"
UNCLOSED: Final = "unclosed"


class EndlessError(TxnError):
    """A line, or a run of empty lines, is so long that there is no sense in reading on."""


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """The cells of one record and the line it starts on."""

    line: int
    cells: list[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class BrokenRecord:
    """A line that is no record: `code` is `encoding`, `line_too_long` or `quoting`."""

    line: int
    code: str


def records(file: BinaryIO, separator: str = ",") -> Iterator[CsvRecord | BrokenRecord]:
    """Every record in the order of the file, with a bounded part of it in memory.

    A byte order mark is dropped and empty lines are passed over. A quoted cell may span up to 16 lines; a quote
    that is not closed by then breaks the line it stands on, and the lines after it are read by themselves.

    Raises:
        EndlessError: 64 MiB without a record, as of an archive that unpacks to nothing but zeros.
    """
    lines, empty_bytes = _Lines(file), 0
    while first := lines.take():
        start = lines.number
        if not first.strip(b"\r\n"):
            if (empty_bytes := empty_bytes + len(first)) > EMPTY_BYTES_MAX:
                raise EndlessError(f"only empty lines stand before line {start:,}")
        else:
            empty_bytes = 0
            yield _record(start, first, lines, separator)


def _record(start: int, first: bytes, lines: "_Lines", separator: str) -> CsvRecord | BrokenRecord:
    parsed = fault = cells_of(first, separator)
    taken = [first]
    while parsed == UNCLOSED and len(taken) < RECORD_LINES_MAX and (following := lines.take()):
        taken.append(following)
        parsed = cells_of(b"".join(taken), separator)
    if isinstance(parsed, list):
        return CsvRecord(start, parsed)
    lines.give_back(taken[1:])
    return BrokenRecord(start, "quoting" if fault == UNCLOSED else str(fault))


def cells_of(line: bytes, separator: str) -> list[str] | str:
    """The cells of a record, or why there are none: `UNCLOSED` when more lines may still make it one."""
    if len(line) > LINE_BYTES_MAX:
        return "line_too_long"
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return "encoding"
    try:
        return next(csv.reader([text], strict=True, delimiter=separator))
    except csv.Error:
        return UNCLOSED if text.count('"') % 2 else "quoting"


@dataclass(slots=True)
class _Lines:
    """The stream's lines, counted, of which some may be given back."""

    _file: BinaryIO
    _given_back: deque[bytes] = field(default_factory=deque)
    number: int = 0

    def take(self) -> bytes:
        """The next line with its end; empty at the end of the stream. One that is too long comes cut."""
        line = self._given_back.popleft() if self._given_back else self._read()
        self.number += bool(line)
        return line.removeprefix(_BOM) or b"\n" if self.number == 1 and line else line

    def give_back(self, lines: list[bytes]) -> None:
        """Return the lines taken last, in their order."""
        self._given_back.extendleft(reversed(lines))
        self.number -= len(lines)

    def _read(self) -> bytes:
        line = rest = self._file.readline(LINE_BYTES_MAX + 1)
        passed_over = 0
        while len(rest) > LINE_BYTES_MAX and not rest.endswith(b"\n"):
            rest = self._file.readline(LINE_BYTES_MAX + 1)
            if (passed_over := passed_over + len(rest)) > EMPTY_BYTES_MAX:
                raise EndlessError(f"line {self.number + 1:,} is longer than {EMPTY_BYTES_MAX >> 20} MiB")
        return line
