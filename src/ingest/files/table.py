"""The rows of a file in one of the layouts, packed or plain."""

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from ingest.files.opening import open_rows
from ingest.layouts.csv_records import BrokenRecord, records
from ingest.layouts.header import Header, absent
from ingest.layouts.layout_errors import LayoutError
from ingest.layouts.read_rows import Row
from ingest.layouts.reader import RowReader, damaged
from ingest.layouts.reading_options import Reading
from ingest.layouts.recognition import recognise
from ingest.layouts.rejection import ENTIRE_ROW

# Told the layout's name and the columns that the file does without.
OnRecognised = Callable[[str, Sequence[str]], None]


def read_table(
    file: BinaryIO, reading: Reading, on_recognised: OnRecognised = lambda _layout, _absent: None
) -> Iterator[Row]:
    """Every row, in the file's order, unpacked and read as they are asked for, in bounded memory.

    Raises:
        SourceError: the file holds no text, or an archive no one file with rows.
        LayoutError: the file is in none of the layouts.
        EndlessError: the file goes on without rows.
        EOFError: it was cut off. All rows before were given.
        OSError, zlib.error, lzma.LZMAError, ZstdError, BadZipFile: it is damaged, or cannot be read on.
    """
    head, stream = open_rows(file, member=reading.member, holds_rows=lambda head: _is_known(head, reading))
    layout, separator = recognise(head, reading)
    found = records(stream, separator)
    first = next(found)
    header = Header([] if isinstance(first, BrokenRecord) else first.cells)
    on_recognised(layout.name, absent(layout, header))
    reader = RowReader(layout, header)
    for record in found:
        if isinstance(record, BrokenRecord):
            yield damaged(record.line, ENTIRE_ROW, record.code)
        else:
            yield reader.row(record.line, record.cells)


def _is_known(head: bytes, reading: Reading) -> bool:
    try:
        recognise(head, reading)
    except LayoutError:
        return False
    return True
