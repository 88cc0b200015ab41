"""Kinds of files that hold no rows of text, told by their first bytes, each with what to do about it.

The signatures are those of the formats' own specifications, as `file(1)` knows them too.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: what it is called in a sentence, and what its owner can do."""

    name: str
    remedy: str


AS_CSV: Final = "save the sheet with the rows as CSV in UTF-8"
_EXPORT: Final = "export its rows as CSV in UTF-8"
_UNPACK: Final = "unpack it first"
_UTF8: Final = "convert it: iconv -f {} -t UTF-8 FILE > NEW"

EMPTY: Final = Kind("is empty", "look where the file was made: nothing was written")
EXCEL: Final = Kind("is an Excel workbook", AS_CSV)
OPEN_DOCUMENT: Final = Kind("is an OpenDocument file", AS_CSV)

# The place of each signature in a file (of a tar archive behind the fields of its first header), and the signature.
_SIGNATURES: Final = (
    (0, b"\xff\xfe\x00\x00", Kind("is encoded in UTF-32", _UTF8.format("UTF-32"))),
    (0, b"\x00\x00\xfe\xff", Kind("is encoded in UTF-32", _UTF8.format("UTF-32"))),
    (0, b"\xff\xfe", Kind("is encoded in UTF-16", _UTF8.format("UTF-16"))),
    (0, b"\xfe\xff", Kind("is encoded in UTF-16", _UTF8.format("UTF-16"))),
    (0, b"PAR1", Kind("is a Parquet file", _EXPORT)),
    (0, b"Obj\x01", Kind("is an Avro file", _EXPORT)),
    (0, b"ORC", Kind("is an ORC file", _EXPORT)),
    (0, b"ARROW1", Kind("is an Arrow file", _EXPORT)),
    (0, b"FEA1", Kind("is a Feather file", _EXPORT)),
    (0, b"\x89HDF\r\n\x1a\n", Kind("is an HDF5 file", _EXPORT)),
    (0, b"SQLite format 3\x00", Kind("is an SQLite database", _EXPORT)),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind("is an Excel workbook of the old kind (xls)", AS_CSV)),
    (0, b"%PDF-", Kind("is a PDF document", "ask for its rows as CSV")),
    (0, b"7z\xbc\xaf\x27\x1c", Kind("is a 7z archive", _UNPACK)),
    (0, b"Rar!\x1a\x07", Kind("is a RAR archive", _UNPACK)),
    (0, b"\x1f\x9d", Kind("is packed by compress (Z)", _UNPACK)),
    (0, b"\x04\x22\x4d\x18", Kind("is packed by lz4", _UNPACK)),
    (0, b"LZIP\x01", Kind("is packed by lzip", _UNPACK)),
    (0, b"\xff\x06\x00\x00sNaPpY", Kind("is packed by snappy", _UNPACK)),
    (257, b"ustar", Kind("is a tar archive", _UNPACK)),
)


def foreign_kind(head: bytes) -> Kind | None:
    """The kind of a file that holds no rows, by its first bytes; None when they may be rows."""
    if not head:
        return EMPTY
    if not head.removeprefix(b"\xef\xbb\xbf").strip(b"\r\n"):
        return Kind("begins with nothing but empty lines", "remove them, or look where the file was made")
    for offset, magic, kind in _SIGNATURES:
        if head.startswith(magic, offset):
            return kind
    if _is_binary(head):
        return _utf_16_without_mark(head) or Kind("is binary, not text", _EXPORT)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
    return next((kind for beginnings, kind in _TEXTS if start.startswith(beginnings)), None)


def _is_binary(head: bytes) -> bool:
    """Whether the first line is no text. A zero further on costs the row that it stands in, and no other."""
    if b"\x00" not in head:
        return False
    first = head.lstrip(b"\r\n").partition(b"\n")[0]
    try:
        return "\x00" in first.decode()
    except UnicodeDecodeError:
        return True


def _utf_16_without_mark(head: bytes) -> Kind | None:
    """UTF-16 without a mark: ASCII in it has a zero as every second byte, of which 64 pairs are looked at."""
    part = head[: min(len(head), 128) // 2 * 2]
    for first, name in ((1, "UTF-16LE"), (0, "UTF-16BE")):
        if part and not any(part[first::2]) and all(part[1 - first :: 2]):
            return Kind(f"is encoded in {name}", _UTF8.format(name))
    return None


_TEXTS: Final = (
    ((b"{", b"["), Kind("is JSON, not CSV", "post NDJSON to /transactions/bulk, or export the rows as CSV")),
    ((b"<!doctype html", b"<html"), Kind("is a web page", "download the file itself; it may need a login")),
    (b"<?xml", Kind("is XML, not CSV", _EXPORT)),
    (b"version https://git-lfs", Kind("is a pointer of Git LFS", "fetch the file itself: git lfs pull")),
)
