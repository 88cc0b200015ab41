"""The rows' own bytes out of a file: layer by layer unpacked, and refused by name where they are no text."""

import io
from collections.abc import Callable
from typing import BinaryIO, Final

from ingest.files.file_errors import SourceError
from ingest.files.kinds import foreign_kind
from ingest.files.unpacking import DAMAGES, Preceded, some_bytes, unpacked
from ingest.files.zips import is_zip, member_of
from ingest.layouts.csv_records import LINE_BYTES_MAX

HEAD_BYTES: Final = LINE_BYTES_MAX + 2
LAYERS_MAX: Final = 3

# Whether the first bytes of a text are those of a file with rows that can be read.
HoldsRows = Callable[[bytes], bool]


def open_rows(file: BinaryIO, *, member: str | None, holds_rows: HoldsRows) -> tuple[bytes, io.BufferedReader]:
    """The beginning of the text in a file, and all of it as a stream.

    `member` names the file that is wanted of a zip archive. Reads no more than the first line, or 64 KiB of it.

    Raises:
        SourceError: the file holds no text, or the archive no one file with rows.
        EOFError: the file was cut off before its first line ended.
    """
    stream = file
    for layer in range(LAYERS_MAX + 1):
        head, stream = _looked_at(stream)
        if is_zip(head):
            if layer or not file.seekable():
                raise SourceError("it is a zip archive inside of a pipe or another archive: unpack it first")
            stream = member_of(file, member, lambda content: _is_rows(content, holds_rows))
        elif content := unpacked(head, stream):
            stream = content
        elif kind := foreign_kind(head):
            raise SourceError(f"it {kind.name}: {kind.remedy}")
        elif member is not None and not layer:
            raise SourceError("it is no zip archive, and has no members: leave --member out")
        else:
            return head, stream
    raise SourceError(f"it is packed more than {LAYERS_MAX} times: unpack it first")


def _looked_at(file: BinaryIO) -> tuple[bytes, io.BufferedReader]:
    """A stream's first line, or 64 KiB of it, and the stream with it. Rows that trickle in are not waited for."""
    head = b""
    while b"\n" not in head.lstrip(b"\r\n") and len(head) < HEAD_BYTES and (piece := some_bytes(file, HEAD_BYTES)):
        head += piece
    return head, io.BufferedReader(Preceded(head, file))


def _is_rows(content: BinaryIO, holds_rows: HoldsRows) -> bool:
    """Whether a member of an archive is a file with rows, packed once more or not."""
    try:
        head, stream = _looked_at(content)
        for _ in range(LAYERS_MAX):
            if (packed := unpacked(head, stream)) is None:
                return foreign_kind(head) is None and holds_rows(head)
            head, stream = _looked_at(packed)
    except (EOFError, *DAMAGES):
        return False
    return False
