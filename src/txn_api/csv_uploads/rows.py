"""The rows of an uploaded table as request bodies, or as the problems of what does not fit."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from ingest.layouts.cells import MESSAGES as CELL_MESSAGES
from ingest.layouts.csv_records import UNCLOSED, cells_of
from ingest.layouts.ordinals import RowCount
from ingest.layouts.read_rows import DamagedRow
from ingest.layouts.rejection import Rejection
from ingest.layouts.row_ids import RowIds
from txn_api.csv_uploads.records import RecordSplitter
from txn_api.csv_uploads.table_header import Table, table_of
from txn_api.problems import IdRequired, LayoutUnknown, Overloaded, Problem, ValidationFailed
from txn_api.writes.bulk_upload import Admitted
from txn_api.writes.fair_memory import Holding
from txn_api.writes.lines import Line
from txn_core.transactions.faults import Fault

ROWS_WITHOUT_ID_MAX: Final = 100_000
"""So many different rows of an upload may have no id: what ids are made of has to be remembered."""
ROW_WITHOUT_ID_BYTES: Final = 120
_WHOLE: Final = ""


class CellFault(Fault):
    """What is wrong with a cell, or with a row's cells; the texts are those of the layouts."""

    __slots__ = ()

    @property
    def message(self) -> str:
        """The fixed text of the code."""
        return CELL_MESSAGES[self.code]


class CsvRows:
    """The rows of one upload: the header is taken when it comes, and each row behind it is admitted as a body."""

    def __init__(self, bytes_max: int, holding: Holding, *, derives_ids: bool = True) -> None:
        """`holding` is of the memory in which the rows without an id are counted, unless they are refused."""
        self._holding = holding
        self._records = RecordSplitter(bytes_max)
        self._ids = RowIds(_CountedRows(holding, rows_max=ROWS_WITHOUT_ID_MAX if derives_ids else 0))
        self._table: Table | None = None
        self._unknown: LayoutUnknown | None = None
        self._pointers: Mapping[str, str] = {}

    def feed(self, piece: bytes) -> Iterator[Line]:
        """The rows that a piece completes."""
        return self._behind_header(self._records.feed(piece))

    def end(self) -> Iterator[Line]:
        """The last rows."""
        return self._behind_header(self._records.end())

    def admit(self, row: bytes, *, admit: Callable[[bytes], Admitted]) -> Admitted:
        """What `admit` makes of a row's body.

        Raises:
            LayoutUnknown: the row is the header, and fits no layout.
            Problem: the row does not fit, or `admit` refuses its body. It names the file's columns.
        """
        table = self._table
        if table is None:
            raise self._unknown or LayoutUnknown
        body = self._body(row, table)
        try:
            return admit(body)
        except Problem as problem:
            problem.columns = table.columns
            raise

    def give_back(self) -> None:
        """Hold nothing more."""
        self._holding.give_back()

    def _body(self, row: bytes, table: Table) -> bytes:
        cells = cells_of(row, table.separator)
        if isinstance(cells, str):
            raise ValidationFailed([CellFault(_WHOLE, "quoting" if cells == UNCLOSED else cells)])
        read = table.reader.row(0, cells)
        if isinstance(read, DamagedRow):
            raise self._damaged(read.faults, table)
        return read.body

    def _damaged(self, rejections: tuple[Rejection, ...], table: Table) -> Problem:
        problem = ValidationFailed(
            [CellFault(self._pointers.get(each.field, _WHOLE), each.code) for each in rejections]
        )
        problem.columns = table.columns
        return problem

    def _behind_header(self, lines: Iterator[Line]) -> Iterator[Line]:
        """The lines; the header among them is a blank one, unless it fits no layout."""
        for line in lines:
            if self._table is None and self._unknown is None and line.data != b"":
                yield self._take_header(line)
            else:
                yield line

    def _take_header(self, line: Line) -> Line:
        try:
            self._table = table_of(line.data, self._ids)
        except LayoutUnknown as unknown:
            self._unknown = unknown
            return line._replace(data=b"-")
        self._records.separator = self._table.separator
        self._pointers = {label: pointer for pointer, label in self._table.columns.items()}
        return line._replace(data=b"")


class _CountedRows(RowCount):
    """Counts alike rows in memory that all uploads share."""

    def __init__(self, holding: Holding, *, rows_max: int) -> None:
        self._holding, self._rows_max = holding, rows_max
        self._counts: dict[int, int] = {}
        self._refusal: type[Problem] | None = None

    def next(self, fingerprint: int) -> int:
        """The ordinal of a row among those with its fingerprint.

        Raises:
            Problem: too many rows have no id. No row after it gets one, or two might get the same.
        """
        count = self._counts.get(fingerprint, 0) + 1
        if count == 1:
            self._make_room()
        self._counts[fingerprint] = count
        return count

    def _make_room(self) -> None:
        if self._refusal is None:
            if len(self._counts) >= self._rows_max:
                self._refusal = IdRequired
            elif self._holding.is_too_much:
                self._refusal = Overloaded
        if self._refusal is not None:
            raise self._refusal
        self._holding.take(ROW_WITHOUT_ID_BYTES)
