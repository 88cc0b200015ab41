"""Zip archives: the one file with rows, and what is said of any other archive."""

import io
import struct
import zipfile

import pytest

from ingest.files.file_errors import SourceError
from ingest.files.opening import LAYERS_MAX, open_rows
from ingest.files.shown_names import WITHHELD
from tests.ingest.files.packed import STREAMS, zip_of
from tests.txn_cli.builders import CARD

ROWS = b"id,amount\n1,2\n"
OTHER = b"# Read me\n"


def content_of(archive: bytes, member: str | None = None) -> bytes:
    _, stream = open_rows(io.BytesIO(archive), member=member, holds_rows=lambda head: head.startswith(b"id,"))
    return stream.read()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_the_only_file_is_read(method: int) -> None:
    assert content_of(zip_of({"data/rows.csv": ROWS}, method)) == ROWS


def test_the_only_file_with_rows_is_read_whatever_lies_beside_it() -> None:
    members = {"README.md": OTHER, "__MACOSX/._rows.csv": b"\0\5", ".DS_Store": b"\0", "rows.csv": ROWS, "empty": b""}
    assert content_of(zip_of(members)) == ROWS


def test_a_packed_file_in_an_archive_is_read() -> None:
    assert content_of(zip_of({"README.md": OTHER, "rows.csv.gz": STREAMS["gz"](ROWS)})) == ROWS


def test_several_files_with_rows_are_named_and_one_can_be_said() -> None:
    archive = zip_of({"fraudTrain.csv": ROWS, "data/fraudTest.csv": ROWS[:10], "README": OTHER})
    with pytest.raises(SourceError, match=r"\('fraudTrain.csv', 'data/fraudTest.csv'\): name one by --member NAME"):
        content_of(archive)
    assert content_of(archive, "fraudTrain.csv") == ROWS
    assert content_of(archive, "fraudTest.csv") == content_of(archive, "data/fraudTest.csv") == ROWS[:10]


def test_names_of_files_are_shown_in_printable_ascii_and_not_all_of_them() -> None:
    archive = zip_of({f"\x1b[31m{n}\u202e" + "x" * 100: ROWS for n in range(9)})
    with pytest.raises(SourceError) as caught:
        content_of(archive)
    assert str(caught.value).isprintable()
    assert str(caught.value).isascii()
    assert len(str(caught.value)) < 600


def test_a_name_that_may_hold_a_card_number_is_not_shown() -> None:
    """What is said of an archive is kept in receipts (P5)."""
    archive = zip_of({f"{CARD}.csv": ROWS, "rows 4111-1111-1111-1111.csv": ROWS})
    for member in (None, "absent.csv"):
        with pytest.raises(SourceError) as caught:
            content_of(archive, member)
        assert str(caught.value).count(WITHHELD) == 2
        assert "1111" not in str(caught.value)


@pytest.mark.parametrize(("name", "count"), [("absent.csv", "no"), ("rows.csv", "2")])
def test_a_file_that_is_said_is_one(name: str, count: str) -> None:
    with pytest.raises(SourceError) as caught:
        content_of(zip_of({"a/rows.csv": ROWS, "b/rows.csv": ROWS}), name)
    assert str(caught.value) == (
        f"the zip archive has {count} files of the name that --member says: say one of 'a/rows.csv', 'b/rows.csv'"
    )


def test_a_plain_file_has_no_members() -> None:
    with pytest.raises(SourceError, match="leave --member out"):
        content_of(ROWS, "rows.csv")


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"[Content_Types].xml": b"<", "xl/workbook.xml": b"<"}, "is an Excel workbook"),
        ({"[Content_Types].xml": b"<", "word/document.xml": b"<"}, "is an Office document"),
        ({"mimetype": b"application/vnd.oasis", "META-INF/manifest.xml": b"<"}, "is an OpenDocument file"),
        ({}, "without a file in it"),
        ({"folder/": b""}, "without a file in it"),
    ],
)
def test_an_archive_of_another_kind_is_called_by_its_name(members: dict[str, bytes], kind: str) -> None:
    with pytest.raises(SourceError, match=kind):
        content_of(zip_of(members))


def test_an_archive_with_a_password_is_called_one() -> None:
    archive = bytearray(zip_of({"rows.csv": ROWS}))
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        archive[archive.find(magic) + flags] |= 1
    with pytest.raises(SourceError, match="with a password"):
        content_of(bytes(archive))


def test_a_method_that_is_not_known_is_said() -> None:
    archive = bytearray(zip_of({"rows.csv": ROWS}))
    for magic, method in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        archive[archive.find(magic) + method] = 9  # Deflate64
    with pytest.raises(SourceError, match="of a kind that cannot be read here"):
        content_of(bytes(archive))


@pytest.mark.parametrize("cut", [1, 10, 30, 60])
def test_an_archive_that_was_cut_off_is_called_one_and_nothing_is_read(cut: int) -> None:
    archive = zip_of({"rows.csv": ROWS * 100})
    with pytest.raises(SourceError, match="cut off or damaged: fetch it again"):
        content_of(archive[:-cut])


@pytest.mark.parametrize(
    ("at", "change"),
    [
        (46, b"\0ows.csv"),  # a member without a name
        (8, b"\x00\x08"),  # a name in UTF-8 that is none
    ],
)
def test_a_directory_that_is_damaged_otherwise_is_called_damaged_too(at: int, change: bytes) -> None:
    archive = bytearray(zip_of({"rows.csv": ROWS}))
    entry = archive.find(b"PK\x01\x02")
    archive[entry + 46 + 3] = 0xA3
    archive[entry + at : entry + at + len(change)] = change
    with pytest.raises(SourceError, match="cut off or damaged: fetch it again"):
        content_of(bytes(archive))


def test_an_archive_with_a_huge_directory_is_refused_before_the_directory_is_read() -> None:
    archive = bytearray(zip_of({"rows.csv": ROWS}))
    end = archive.rfind(b"PK\x05\x06")
    struct.pack_into("<L", archive, end + 12, 1 << 30)
    with pytest.raises(SourceError, match="very many files"):
        content_of(bytes(archive))


def test_an_archive_of_the_64_bit_kind_is_read() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, archive.open("rows.csv", "w", force_zip64=True) as member:
        member.write(ROWS)
    content = bytearray(file.getvalue())
    end = content.rfind(b"PK\x05\x06")
    count, size, offset = struct.unpack_from("<2xHLL", content, end + 8)
    record = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert content_of(bytes(content[:end]) + record + locator + last) == ROWS
    struct.pack_into("<Q", bytearray(record), 40, 1 << 30)
    huge = record[:40] + struct.pack("<Q", 1 << 30) + record[48:]
    with pytest.raises(SourceError, match="very many files"):
        content_of(bytes(content[:end]) + huge + locator + last)


def test_an_archive_in_another_one_is_refused() -> None:
    with pytest.raises(SourceError, match="inside of a pipe or another archive"):
        content_of(STREAMS["gz"](zip_of({"rows.csv": ROWS})))


def test_a_file_may_be_packed_a_few_times_but_not_for_ever() -> None:
    packed = ROWS
    for kind in ("gz", "xz", "zst")[:LAYERS_MAX]:
        packed = STREAMS[kind](packed)
    assert content_of(packed) == ROWS
    with pytest.raises(SourceError, match="packed more than 3 times"):
        content_of(STREAMS["bz2"](packed))
