"""A file in S3 is read in blocks, from any thread, and never of two versions."""

import asyncio
import hashlib
import io
import random

import pytest

from ingest.batches import object_file
from ingest.batches.object_file import FileGoneError, ObjectContent
from ingest.files.file_errors import SourceError
from ingest.files.source import Source
from ingest.layouts.reading_options import Reading
from tests.ingest.files.packed import PACKS, zipped
from tests.support.memory_versions import MemoryVersions, once
from tests.txn_cli.builders import cells, csv_of
from txn_core.exceptions import StoreError

BODY = bytes(range(256)) * 5


async def _content(objects: MemoryVersions, body: bytes) -> ObjectContent:
    await objects.put("key", body)
    found = await objects.find("key")
    assert found is not None
    return ObjectContent(objects, found, once)


@pytest.fixture
def objects(monkeypatch: pytest.MonkeyPatch) -> MemoryVersions:
    """A bucket that is read in small blocks."""
    monkeypatch.setattr(object_file, "BLOCK_BYTES", 100)
    return MemoryVersions("files")


async def test_it_is_read_like_a_file(objects: MemoryVersions) -> None:
    """From any place on, in pieces of any size, up to its end."""
    content = await _content(objects, BODY)
    rng, expected = random.Random(1), io.BytesIO(BODY)
    with content.opened() as file:
        for _ in range(200):
            if rng.random() < 0.3:
                offset, whence = rng.randrange(-50, 1_400), rng.choice([io.SEEK_SET, io.SEEK_END, io.SEEK_CUR])
                place = file.seek(offset, whence)
                expected.seek(place)
            size = rng.randrange(150)
            read = await asyncio.to_thread(file.read, size)
            assert read == expected.read(size)
            assert file.tell() == expected.tell()
    assert await content.sha256() == hashlib.sha256(BODY).hexdigest()


async def test_an_empty_object_is_an_empty_file(objects: MemoryVersions) -> None:
    content = await _content(objects, b"")
    assert await content.sha256() == hashlib.sha256(b"").hexdigest()
    assert await asyncio.to_thread(content.opened().read, 10) == b""


async def test_of_two_versions_nothing_is_mixed(objects: MemoryVersions) -> None:
    content = await _content(objects, BODY)
    file = content.opened()
    assert await asyncio.to_thread(file.read, 10) == BODY[:10]
    await objects.put("key", BODY[::-1])
    assert await asyncio.to_thread(file.read, 90) == BODY[10:100], "the block at hand"
    with pytest.raises(FileGoneError):
        await asyncio.to_thread(file.read, 1)
    with pytest.raises(FileGoneError):
        await content.sha256()


async def test_an_outage_is_no_damage_of_the_file(objects: MemoryVersions) -> None:
    """The row feed would take an error of the system for a damaged archive, and the batch for failed."""
    content = await _content(objects, csv_of([cells(1)]))

    async def down(start: int, end: int) -> bytes:
        raise TimeoutError

    objects.part = lambda *_: down(0, 0)  # type: ignore[method-assign]
    source = Source("the file", content.opened(), content.size, Reading())
    with pytest.raises(StoreError, match="cannot be read just now"):
        await asyncio.to_thread(list, source.rows())


@pytest.mark.parametrize("packed", PACKS)
async def test_its_rows_are_those_of_a_file(objects: MemoryVersions, packed: str) -> None:
    """However it is packed: the directory of a zip archive stands at its end, and others are read in one go."""
    content = await _content(objects, PACKS[packed](csv_of(cells(line) for line in range(2, 32))))
    source = Source("the file", content.opened(), content.size, Reading())
    assert len(await asyncio.to_thread(list, source.rows())) == 30
    assert source.fraction == 1.0 or packed == "zip"


async def test_a_zip_archive_that_was_cut_off_is_said_to_be(objects: MemoryVersions) -> None:
    content = await _content(objects, zipped(csv_of([cells(1)]))[:-30])
    source = Source("the file", content.opened(), content.size, Reading())
    with pytest.raises(SourceError, match="cut off or damaged"):
        await asyncio.to_thread(list, source.rows())
