"""Files that hold no rows: each is called by its name, with what to do."""

import codecs
import io
import sqlite3
import tarfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import feather, orc

from ingest.files.kinds import EMPTY, foreign_kind

CSV = "a,b\n1,2\n"
TABLE = pa.table({"a": [1]})


def written(write: Callable[[pa.Table, io.BytesIO], None]) -> bytes:
    file = io.BytesIO()
    write(TABLE, file)
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("rows.csv")
        info.size = len(CSV)
        archive.addfile(info, io.BytesIO(CSV.encode()))
    return file.getvalue()


FOREIGN = {
    "nothing": (b"", "is empty"),
    "utf-16": (CSV.encode("utf-16"), "is encoded in UTF-16"),
    "utf-16 big": (codecs.BOM_UTF16_BE + CSV.encode("utf-16-be"), "is encoded in UTF-16"),
    "utf-16le": (CSV.encode("utf-16-le"), "is encoded in UTF-16LE"),
    "utf-16be": (CSV.encode("utf-16-be"), "is encoded in UTF-16BE"),
    "utf-32": (CSV.encode("utf-32"), "is encoded in UTF-32"),
    "parquet": (written(pq.write_table), "is a Parquet file"),
    "orc": (written(orc.write_table), "is an ORC file"),
    "arrow": (written(feather.write_feather), "is an Arrow file"),
    "feather": (b"FEA1" + bytes(12), "is a Feather file"),
    "tar": (tarred(), "is a tar archive"),
    "avro": (b"Obj\x01\x04", "is an Avro file"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "is an Excel workbook of the old kind"),
    "pdf": (b"%PDF-1.7\n", "is a PDF document"),
    "7z": (b"7z\xbc\xaf\x27\x1c\x00\x04", "is a 7z archive"),
    "rar": (b"Rar!\x1a\x07\x01\x00", "is a RAR archive"),
    "lz4": (b"\x04\x22\x4d\x18\x64", "is packed by lz4"),
    "png": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "is binary"),
    "elf": (b"\x7fELF\x02\x01\x01\x00", "is binary"),
    "object": (b'{"cc_num": 1}\n', "is JSON"),
    "array": (b'\xef\xbb\xbf\n [{"cc_num": 1}]', "is JSON"),
    "page": (b"\n<!DOCTYPE html><html>", "is a web page"),
    "xml": (b'<?xml version="1.0"?>', "is XML"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a pointer of Git LFS"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_another_kind_is_called_by_its_name_with_a_remedy(name: str) -> None:
    content, sentence = FOREIGN[name]
    kind = foreign_kind(content)
    assert kind is not None
    assert kind.name.startswith(sentence)
    assert kind.remedy


def test_a_database_is_called_one(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "rows.db")
    connection.execute("create table rows (a)")
    connection.close()
    kind = foreign_kind((tmp_path / "rows.db").read_bytes())
    assert kind is not None
    assert kind.name == "is an SQLite database"


@given(st.text(st.characters(codec="utf-8", min_codepoint=32, exclude_characters="{[<%"), min_size=1))
def test_text_may_be_rows(text: str) -> None:
    """But for the few beginnings that a header is not likely to have."""
    assert foreign_kind(f"trans_num,{text}\n".encode()) is None


def test_nothing_is_empty() -> None:
    assert foreign_kind(b"") is EMPTY


def test_a_zero_in_a_row_does_not_make_a_file_binary() -> None:
    assert foreign_kind(b"a,b\n1,\x002\n") is None
