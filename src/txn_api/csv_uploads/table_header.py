"""The layout of an uploaded table, told by its header, in bounded time whatever stands there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ingest.layouts.catalogue import packaged_layouts
from ingest.layouts.csv_records import cells_of
from ingest.layouts.header import Header, lacking
from ingest.layouts.layout_errors import LayoutError
from ingest.layouts.model import SEPARATORS, Layout
from ingest.layouts.reader import RowReader
from ingest.layouts.row_ids import RowIds
from txn_api.problems import LayoutUnknown
from txn_core.transactions.faults import Fault

HEADER_BYTES_MAX: Final = 16 << 10
COLUMNS_MAX: Final = 256
# Read when the process starts: it takes as long as hundreds of rows.
LAYOUTS: Final = packaged_layouts()


@dataclass(frozen=True, slots=True)
class Table:
    """How the rows behind a header are read; `columns` names the column behind each field's JSON pointer."""

    separator: str
    reader: RowReader
    columns: Mapping[str, str]


def table_of(header: bytes | None, ids: RowIds) -> Table:
    """The table that a header begins; None is one of too many bytes.

    Its separator is the one under which a layout finds its columns.

    Raises:
        LayoutUnknown: it fits none; its faults are the fields that the layout which fits best has no column for.
    """
    if header is None or len(header) > HEADER_BYTES_MAX:
        raise LayoutUnknown([Fault("", "text_too_long")])
    try:
        found = [(*_layout_under(separator, header), separator) for separator in SEPARATORS]
        missing, layout, cells, separator = min(found, key=lambda fit: len(fit[0]))
        if missing:
            raise LayoutUnknown([Fault(pointer, "column_missing") for pointer in missing])
        reader = RowReader(layout, cells, ids)
    except LayoutError:
        raise LayoutUnknown([Fault("", "column_duplicated")]) from None
    return Table(separator, reader, reader.columns)


def _layout_under(separator: str, header: bytes) -> tuple[list[str], Layout, Header]:
    """The layout that fits best under a separator, with the fields that it lacks.

    Raises:
        LayoutUnknown: the header has more columns than any table.
        LayoutError: a layout's column is there twice.
    """
    if header.count(separator.encode()) >= COLUMNS_MAX:
        raise LayoutUnknown([Fault("", "text_too_long")])
    cells = cells_of(header, separator)
    found = Header([] if isinstance(cells, str) else cells)
    fits = [(lacking(layout, found), layout) for layout in LAYOUTS]
    missing, layout = min(fits, key=lambda fit: len(fit[0]))
    return missing, layout, found
