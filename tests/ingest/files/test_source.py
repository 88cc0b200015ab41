"""Sources: plain, packed or damaged files, and what is no file with rows."""

import gzip
import io
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest.files.source import Source, SourceError
from ingest.layouts import csv_records
from ingest.layouts.kaggle import read_rows
from ingest.layouts.read_rows import Row, SoundRow
from tests.ingest.files.packed import PACKS, STREAMS, zip_of
from tests.txn_cli.builders import cells, csv_file, csv_of
from txn_core.exceptions import TxnError


def test_a_plain_and_a_gzipped_file_hold_the_same_rows_whatever_they_are_called(tmp_path: Path) -> None:
    plain = csv_file(tmp_path / "rows.csv", map(cells, range(10)))
    packed = tmp_path / "rows.data"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    with Source.open(str(plain)) as one, Source.open(str(packed)) as other:
        assert list(one.rows()) == (rows := list(other.rows()))
    assert [row.line for row in rows] == list(range(2, 12))


def test_a_limit_takes_the_first_rows(tmp_path: Path) -> None:
    with Source.open(str(csv_file(tmp_path / "rows.csv", map(cells, range(10))))) as source:
        assert [row.line for row in source.rows(3)] == [2, 3, 4]


def test_the_part_that_is_read_goes_from_nothing_to_all(tmp_path: Path) -> None:
    with Source.open(str(csv_file(tmp_path / "rows.csv", map(cells, range(10))))) as source:
        assert source.fraction == 0.0
        assert len(list(source.rows())) == 10
        assert source.fraction == 1.0


@pytest.mark.parametrize("kind", PACKS)
def test_a_packed_file_holds_the_same_rows_whatever_it_is_called(kind: str, tmp_path: Path) -> None:
    content = csv_of(map(cells, range(10)))
    path = tmp_path / "rows.data"
    path.write_bytes(PACKS[kind](content))
    with Source.open(str(path)) as source:
        assert list(source.rows()) == list(read_rows(io.BytesIO(content)))
        assert source.fraction is not None


@pytest.mark.parametrize("kind", STREAMS)
def test_an_archive_that_was_cut_off_gives_its_rows_and_then_an_error(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "rows"
    # bz2 packs blocks of 900 kB, and gives nothing of one that is not whole.
    path.write_bytes(STREAMS[kind](csv_of(map(cells, range(6_000))))[:-20])
    rows: list[Row] = []
    with (
        Source.open(str(path)) as source,
        pytest.raises(SourceError, match="to its end: the archive was cut off: fetch it again"),
    ):
        rows.extend(source.rows())
    with Source.open(str(path)) as source:
        assert all(isinstance(row, SoundRow) for row in source.rows(1_000))
    assert len(rows) >= 1_000 or kind == "xz"


def test_an_archive_that_is_damaged_is_called_damaged(tmp_path: Path) -> None:
    packed = bytearray(STREAMS["gz"](csv_of(map(cells, range(100)))))
    packed[-8] ^= 0xFF  # its checksum
    (tmp_path / "rows").write_bytes(packed)
    with Source.open(str(tmp_path / "rows")) as source, pytest.raises(SourceError, match="the archive is damaged"):
        list(source.rows())


def test_a_member_of_a_zip_archive_that_is_damaged_is_called_damaged(tmp_path: Path) -> None:
    content = csv_of(map(cells, range(100)))
    archive = bytearray(zip_of({"rows.csv": content}, zipfile.ZIP_STORED))
    archive[archive.find(b"Moravian", 5_000)] ^= 1
    (tmp_path / "rows.zip").write_bytes(archive)
    with (
        Source.open(str(tmp_path / "rows.zip")) as source,
        pytest.raises(SourceError, match="the archive is damaged"),
    ):
        list(source.rows())


def test_a_bomb_ends_with_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line without end, behind a sound header."""
    monkeypatch.setattr(csv_records, "EMPTY_BYTES_MAX", 1 << 20)
    (tmp_path / "rows").write_bytes(STREAMS["xz"](csv_of([cells()]) + bytes(32 << 20)))
    rows: list[Row] = []
    with (
        Source.open(str(tmp_path / "rows")) as source,
        pytest.raises(SourceError, match="line 3 is longer than 1 MiB"),
    ):
        rows.extend(source.rows())
    assert len(rows) == 1


@pytest.mark.parametrize("content", [b"", b"PAR1", "a,b".encode("utf-16"), b"a,b\n", b"{}", zip_of({})])
def test_an_error_names_the_file(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(content)
    with (
        Source.open(str(tmp_path / "rows.csv")) as source,
        pytest.raises(TxnError, match=f"^cannot read {tmp_path}/rows.csv: it"),
    ):
        list(source.rows())


def test_a_pipe_can_be_read_once_and_has_no_size(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "rows")
    with ThreadPoolExecutor(1) as executor:
        writing = executor.submit(pipe.write_bytes, STREAMS["zst"](csv_of(map(cells, range(10)))))
        with Source.open(str(pipe)) as source:
            assert not source.is_rereadable
            assert source.fraction is None
            assert len(list(source.rows())) == 10
        writing.result(timeout=60)
    with Source.open(str(csv_file(tmp_path / "rows.csv", []))) as source:
        assert source.is_rereadable


def test_a_zip_archive_cannot_come_through_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "rows")
    with ThreadPoolExecutor(1) as executor:
        writing = executor.submit(pipe.write_bytes, zip_of({"rows.csv": b"a"}))
        with Source.open(str(pipe)) as source, pytest.raises(SourceError, match="inside of a pipe"):
            list(source.rows())
        writing.result(timeout=60)


def test_a_folder_is_called_one(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"Is a directory: name a file in it$"), Source.open(str(tmp_path)):
        pass


def test_the_layout_is_told_once_it_is_known(tmp_path: Path) -> None:
    told: list[tuple[str, list[str]]] = []
    header = [name for name in cells() if name != "trans_num"]
    (tmp_path / "rows.csv").write_bytes(csv_of([cells()], header))
    with Source.open(str(tmp_path / "rows.csv")) as source:
        source.on_recognised = lambda layout, absent: told.append((layout, list(absent)))
        list(source.rows())
    assert told == [("kaggle", ["trans_num"])]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("absent.csv", "No such file or directory: check its path"), (".", "Is a directory: name a file in it")],
)
def test_what_is_no_file_cannot_be_read(name: str, remedy: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=rf"^cannot read .*: {remedy}$"), Source.open(str(tmp_path / name)):
        pass
