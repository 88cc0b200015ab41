"""Bookmarks: one a load, readable by nobody who lacks the key."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.upload.totals import LoadTotals
from txn_cli.load.bookmark import Bookmark, Place

PLACE = Place(LoadTotals(accepted=9, rejected=1, seconds=1.5, receipts=("r",), faults={"amt x": 1}), rejects_bytes=42)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file to load."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b"content")
    return path


def bookmark(file: Path, *, api_key: str = "key", particulars: Sequence[str] = ("url", "None")) -> Bookmark:
    return Bookmark.of(file.parent / "loads", file, api_key=api_key, particulars=particulars)


def test_a_place_is_found_again_by_the_same_load(file: Path) -> None:
    for place in (PLACE, Place(LoadTotals())):
        bookmark(file).put(place)
        assert bookmark(file).place() == place


def test_a_file_of_another_name_and_the_same_content_is_the_same_load(file: Path) -> None:
    bookmark(file).put(PLACE)
    other = file.rename(file.with_name("other.csv"))
    assert bookmark(other).place() == PLACE


def test_other_content_key_or_particulars_are_another_load(file: Path) -> None:
    bookmark(file).put(PLACE)
    assert bookmark(file, api_key="other").place() is None
    assert bookmark(file, particulars=("url", "20")).place() is None
    # Particulars do not run into each other.
    assert bookmark(file, particulars=("urlNone",)).place() is None
    file.write_bytes(b"Content")
    assert bookmark(file).place() is None


def test_a_removed_bookmark_is_forgotten(file: Path) -> None:
    bookmark(file).put(PLACE)
    bookmark(file).remove()
    assert bookmark(file).place() is None
    bookmark(file).remove()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"totals": {}, "rejects_bytes": 1}'])
def test_a_damaged_bookmark_is_as_good_as_none(content: str, file: Path) -> None:
    bookmark(file).put(PLACE)
    (path,) = (file.parent / "loads").iterdir()
    path.write_text(content)
    assert bookmark(file).place() is None


def test_a_bookmark_with_a_number_as_text_is_as_good_as_none(file: Path) -> None:
    bookmark(file).put(PLACE)
    (path,) = (file.parent / "loads").iterdir()
    path.write_text(path.read_text().replace('"accepted": 9', '"accepted": "9"'))
    assert '"9"' in path.read_text()
    assert bookmark(file).place() is None


def test_its_name_is_no_bare_digest_of_the_content(file: Path) -> None:
    """A digest without a key would let somebody try card numbers against it."""
    bookmark(file).put(PLACE)
    (path,) = (file.parent / "loads").iterdir()
    assert path.stem not in hashlib.sha256(b"content").hexdigest()
    assert path.stat().st_mode & 0o077 == 0
