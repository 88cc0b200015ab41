"""CSV records out of a body that arrives in pieces: a line each, or as many as a quoted cell spans."""

from collections import deque
from collections.abc import Iterator

from ingest.layouts.csv_records import LINE_BYTES_MAX, RECORD_LINES_MAX, UNCLOSED, cells_of
from txn_api.writes.lines import Line, LineSplitter


class RecordSplitter:
    """Joins the lines of each record, as `ingest.layouts.csv_records` does with a file.

    A quote that is not closed within 16 lines, or within the bytes of a record, breaks the line that it stands on
    alone: that line comes as it is, and those after it are looked at again. A record has the number of its first
    line. As long as there is no `separator`, the header is to come, which is one line.
    """

    def __init__(self, bytes_max: int) -> None:
        self._lines = LineSplitter(bytes_max)
        self._open: list[Line] = []
        self._data = b""  # of the open lines
        self.separator: str | None = None

    def feed(self, piece: bytes) -> Iterator[Line]:
        """The records that a piece completes."""
        for line in self._lines.feed(piece):
            yield from self._records([line])

    def end(self) -> Iterator[Line]:
        """The last records: what is open by now has no end."""
        for line in self._lines.end():
            yield from self._records([line])
        while self._open:
            first, *again = self._given_up()
            yield first
            yield from self._records(again)

    def _records(self, lines: list[Line]) -> Iterator[Line]:
        waiting = deque(lines)
        while waiting:
            line = waiting.popleft()
            state = self._state_with(line)
            if state == UNCLOSED and len(self._open) < RECORD_LINES_MAX:
                continue
            if state == UNCLOSED or (isinstance(state, str) and len(self._open) > 1):
                first, *again = self._given_up()
                yield first
                waiting.extendleft(reversed(again))
                continue
            whole, self._open = self._open, []
            size = sum(part.size for part in whole)
            # One line, whatever it is, or a record of several.
            yield line if len(whole) == 1 else Line(whole[0].number, self._data, size)

    def _state_with(self, line: Line) -> list[str] | str:
        """What the open lines and this one are together."""
        self._open.append(line)
        alone = len(self._open) == 1
        self._data = line.data or b"" if alone else b"%b\n%b" % (self._data, line.data or b"")
        if line.data is None:
            return "line_too_long"
        if self.separator is None or (alone and b'"' not in line.data):
            return []
        # What is open stays so on a line without a quote.
        return UNCLOSED if b'"' not in line.data and self._fits else cells_of(self._data, self.separator)

    @property
    def _fits(self) -> bool:
        return len(self._data) <= LINE_BYTES_MAX

    def _given_up(self) -> list[Line]:
        given_up, self._open, self._data = self._open, [], b""
        return given_up
