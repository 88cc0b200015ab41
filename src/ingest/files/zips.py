"""Zip archives: the one member that is a file with rows.

The directory of a zip archive stands at its end, so an archive can only be read from a file, and one that was cut off
not at all.
"""

import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from ingest.files.file_errors import SourceError
from ingest.files.kinds import EXCEL, OPEN_DOCUMENT, Kind
from ingest.files.shown_names import WITHHELD, may_hold_card_number
from txn_core.exceptions import TxnError

MEMBERS_MAX: Final = 1_000
DIRECTORY_BYTES_MAX: Final = 1 << 20
"""zipfile reads the directory in one piece, and makes an object of each of its entries."""
_MEMBERS_NAMED: Final = 5
_NAME_CHARS_SHOWN: Final = 60
_ENCRYPTED: Final = 0x1
_END: Final = struct.Struct("<4s4H2LH")
_END_MAGIC, _END_64_MAGIC = b"PK\x05\x06", b"PK\x06\x06"
_COMMENT_BYTES_MAX: Final = 0xFFFF
_END_64_BYTES: Final = 76
_IN_ZIP_64: Final = 0xFFFFFFFF
# What macOS and Windows put beside the files.
_BESIDE: Final = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")

IsRows = Callable[[BinaryIO], bool]


def is_zip(head: bytes) -> bool:
    """Whether a file begins as zip archives do, an empty one and one of several parts among them."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"))


def member_of(file: BinaryIO, wanted: str | None, is_rows: IsRows) -> BinaryIO:
    """The content of the archive's only file with rows, or of the member that is wanted.

    Raises:
        SourceError: there is none, or there are several; or the archive is damaged, encrypted, or no archive of rows.
    """
    with _clear_errors():
        _bound_directory(file)
        archive = zipfile.ZipFile(file)
        files = [info for info in archive.infolist() if not info.is_dir() and not _is_beside(info.filename)]
        if kind := _office(archive.namelist()):
            raise SourceError(f"it {kind.name}: {kind.remedy}")
        return archive.open(_chosen(archive, files, wanted, is_rows))  # type: ignore[return-value]


def _chosen(
    archive: zipfile.ZipFile, files: list[zipfile.ZipInfo], wanted: str | None, is_rows: IsRows
) -> zipfile.ZipInfo:
    if len(files) > MEMBERS_MAX:
        raise SourceError(f"it is a zip archive of more than {MEMBERS_MAX:,} files: unpack it first")
    if wanted is not None:
        meant = [info for info in files if wanted in {info.filename, info.filename.rsplit("/", 1)[-1]}]
        if len(meant) != 1:
            raise SourceError(
                f"the zip archive has {len(meant) or 'no'} files of the name that --member says: "
                f"say one of {_names(meant or files)}"
            )
        files = meant
    elif len(files) > 1:
        files = [info for info in files if _holds_rows(archive, info, is_rows)] or files
    if not files:
        raise SourceError("it is a zip archive without a file in it")
    if len(files) > 1:
        raise SourceError(f"it is a zip archive of several files ({_names(files)}): name one by --member NAME")
    if files[0].flag_bits & _ENCRYPTED:
        raise SourceError("it is a zip archive with a password: unpack it first")
    return files[0]


def _holds_rows(archive: zipfile.ZipFile, info: zipfile.ZipInfo, is_rows: IsRows) -> bool:
    if info.flag_bits & _ENCRYPTED:
        return True
    with archive.open(info) as content:
        return is_rows(content)  # type: ignore[arg-type]


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Turn what zipfile raises into errors of ours.

    Of a damaged directory it raises `BadZipFile` where it looks for the damage, and else whatever comes of it: of a
    member without a name an `IndexError`, of a name that is no UTF-8 a `UnicodeDecodeError`.
    """
    try:
        yield
    except (TxnError, OSError):  # of who reads the file
        raise
    except NotImplementedError:
        raise SourceError("it is a zip archive of a kind that cannot be read here: unpack it first") from None
    except Exception:  # noqa: BLE001 - see above
        raise SourceError("it is a zip archive that was cut off or damaged: fetch it again") from None


def _office(names: list[str]) -> Kind | None:
    """Documents that are zip archives themselves."""
    if "[Content_Types].xml" in names:
        if any(name.startswith("xl/") for name in names):
            return EXCEL
        return Kind("is an Office document", "save its rows as CSV in UTF-8")
    return OPEN_DOCUMENT if {"mimetype", "META-INF/manifest.xml"} <= set(names) else None


def _is_beside(name: str) -> bool:
    return name.startswith(_BESIDE[0]) or name.rsplit("/", 1)[-1] in _BESIDE


def _names(files: list[zipfile.ZipInfo]) -> str:
    """The first names, for people: others gave them, so they are shown in printable ASCII, or not at all."""
    more = ", ..." if len(files) > _MEMBERS_NAMED else ""
    return ", ".join(_name(info.filename) for info in files[:_MEMBERS_NAMED]) + more


def _name(name: str) -> str:
    return WITHHELD if may_hold_card_number(name) else ascii(name[:_NAME_CHARS_SHOWN])


def _bound_directory(file: BinaryIO) -> None:
    """Hold the directory to a size that may be read as a whole (APPNOTE 4.3.14 to 4.3.16).

    Raises:
        SourceError: it is larger.
        zipfile.BadZipFile: there is none.
    """
    end = file.seek(0, 2)
    start = max(0, end - _END.size - _COMMENT_BYTES_MAX - _END_64_BYTES)
    file.seek(start)
    tail = file.read(end - start)
    at = tail.rfind(_END_MAGIC)
    if at < 0 or at + _END.size > len(tail):
        raise zipfile.BadZipFile
    size: int = _END.unpack_from(tail, at)[5]
    at_64 = tail.rfind(_END_64_MAGIC, 0, at)
    if size == _IN_ZIP_64 and 0 <= at_64 <= len(tail) - _END_64_BYTES:
        size = int.from_bytes(tail[at_64 + 40 : at_64 + 48], "little")
    if size > DIRECTORY_BYTES_MAX:
        raise SourceError("it is a zip archive of very many files: unpack it first")
    file.seek(0)
