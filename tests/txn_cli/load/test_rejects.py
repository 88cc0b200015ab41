"""The rejects file: one line a fault."""

import csv
import json
from pathlib import Path

import pytest

from ingest.layouts.rejection import Rejection
from txn_cli.load.rejects import RejectsFile
from txn_core.exceptions import TxnError

ONE, TWO = Rejection(2, "amt", "amount_format", "must, really"), Rejection(3, "row", "quoting", "a quote")


def test_ndjson_unless_named_csv(tmp_path: Path) -> None:
    path = tmp_path / "rejects"
    with RejectsFile.open(path) as rejects:
        rejects.write([ONE, TWO])
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"line": 2, "field": "amt", "code": "amount_format", "message": "must, really"},
        {"line": 3, "field": "row", "code": "quoting", "message": "a quote"},
    ]


def test_csv_has_a_header(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    with RejectsFile.open(path) as rejects:
        rejects.write([ONE])
        rejects.write([TWO])
    with path.open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["line", "field", "code", "message"],
            ["2", "amt", "amount_format", "must, really"],
            ["3", "row", "quoting", "a quote"],
        ]


def test_what_was_there_is_replaced_but_for_what_is_to_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    with RejectsFile.open(path) as rejects:
        kept = rejects.write([ONE])
        rejects.write([TWO])
    with RejectsFile.open(path, keep_bytes=kept) as rejects:
        rejects.write([TWO, TWO])
    assert len(path.read_text().splitlines()) == 4
    with RejectsFile.open(path):
        pass
    assert path.read_text() == "line,field,code,message\n"


def test_each_write_is_on_disk_when_it_returns(tmp_path: Path) -> None:
    path = tmp_path / "rejects"
    with RejectsFile.open(path) as rejects:
        assert rejects.write([ONE]) == path.stat().st_size > 0


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    with (
        pytest.raises(TxnError, match=r"cannot write .*: No such file or directory: name another path"),
        RejectsFile.open(tmp_path / "absent" / "rejects"),
    ):
        pass
