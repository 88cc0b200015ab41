"""Files of strangers, made of rows."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from ingest.files.table import read_table
from ingest.layouts.model import Layout
from ingest.layouts.read_rows import DamagedRow, Row, SoundRow
from ingest.layouts.reading_options import Reading

Cells = Mapping[str, str]


def written(
    rows: Iterable[Cells],
    header: Sequence[str],
    *,
    separator: str = ",",
    quoting: Literal[0, 1, 2, 3] = csv.QUOTE_MINIMAL,
    end: str = "\n",
) -> bytes:
    """The rows as a file with these columns."""
    text = io.StringIO()
    writer = csv.DictWriter(
        text, header, delimiter=separator, quoting=quoting, lineterminator=end, extrasaction="ignore", restval="?"
    )
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def read(content: bytes, reading: Reading | None = None) -> list[Row]:
    """Every row of a file."""
    return list(read_table(io.BytesIO(content), reading or Reading()))


def sound(rows: Iterable[Row]) -> list[SoundRow]:
    """The rows, none of which is damaged."""
    found = []
    for row in rows:
        assert isinstance(row, SoundRow), row
        found.append(row)
    return found


def faults(row: Row) -> list[tuple[str, str]]:
    """The columns and codes of a damaged row."""
    assert isinstance(row, DamagedRow)
    return [(fault.field, fault.code) for fault in row.faults]


def by(layout: Layout) -> Reading:
    """A reading by one layout."""
    return Reading((layout,))
