"""Sources: plain, gzipped or damaged files."""

import gzip
from pathlib import Path

import pytest

from tests.txn_cli.builders import cells, csv_file, csv_of
from txn_cli.rows import Row, SoundRow
from txn_cli.source import Source, SourceError


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


def test_a_gzip_file_that_was_cut_off_gives_its_rows_and_then_an_error(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(csv_of(map(cells, range(2_000))))[:-20])
    rows: list[Row] = []
    with Source.open(str(path)) as source, pytest.raises(SourceError, match="to its end"):
        rows.extend(source.rows())
    with Source.open(str(path)) as source:
        assert all(isinstance(row, SoundRow) for row in source.rows(1_000))


@pytest.mark.parametrize("name", ["absent.csv", "."])
def test_what_is_no_file_cannot_be_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^cannot read .*"), Source.open(str(tmp_path / name)):
        pass
