"""The feed: chunks ahead of time, never more than one, and never a wait for rows that do not come."""

import threading
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from ingest.layouts.read_rows import Row, SoundRow
from ingest.upload.feed import CHUNK_BYTES_MAX, RowFeed
from tests.txn_cli.builders import sound, sound_rows

FOR_EVER_S = 3600.0


async def test_rows_come_in_full_chunks_in_their_order() -> None:
    rows = sound_rows(25)
    feed = RowFeed(rows, chunk_rows=10, linger_s=FOR_EVER_S)
    chunks = [chunk async for chunk in feed.chunks()]
    assert [len(chunk) for chunk in chunks] == [10, 10, 5]
    assert [row for chunk in chunks for row in chunk] == rows


async def test_wide_rows_fill_a_chunk_by_their_bytes() -> None:
    """Of a packed file of a few MB, 5,000 of the widest rows would take 320 MB of memory."""
    width = CHUNK_BYTES_MAX // 4
    rows = [SoundRow(line, b"x" * width) for line in range(2, 12)]
    feed = RowFeed(rows, chunk_rows=1_000, linger_s=FOR_EVER_S)
    chunks = [chunk async for chunk in feed.chunks()]
    assert [len(chunk) for chunk in chunks] == [4, 4, 2]
    assert [row for chunk in chunks for row in chunk] == rows


async def test_no_rows_make_no_chunk() -> None:
    assert [chunk async for chunk in RowFeed([], chunk_rows=10).chunks()] == []


async def test_rows_that_trickle_are_handed_on_after_a_while() -> None:
    """As through a pipe: the second row comes only once the first was seen to arrive."""
    first_arrived = threading.Event()

    def trickle() -> Iterator[Row]:
        yield sound(2)
        assert first_arrived.wait(timeout=60)
        yield sound(3)

    lines = []
    async for chunk in RowFeed(trickle(), chunk_rows=10, linger_s=0.01).chunks():
        lines.append([row.line for row in chunk])
        first_arrived.set()
    assert lines == [[2], [3]]


async def test_no_more_than_a_chunk_is_read_ahead() -> None:
    read: list[int] = []

    def count() -> Iterator[Row]:
        for line in range(2, 102):
            read.append(line)
            yield sound(line)

    async with aclosing(RowFeed(count(), chunk_rows=10, linger_s=FOR_EVER_S).chunks()) as chunks:
        async for _ in chunks:
            # One chunk in hand, one ready, and the row that waits for room.
            assert len(read) <= 21
            break


async def test_an_error_of_reading_is_raised_after_the_rows_before_it() -> None:
    def broken() -> Iterator[Row]:
        yield sound(2)
        raise OSError("disk gone")

    lines = []
    with pytest.raises(OSError, match="disk gone"):  # noqa: PT012 - what came before the error matters
        async for chunk in RowFeed(broken(), chunk_rows=10).chunks():
            lines.extend([row.line for row in chunk])
    assert lines == [2]


async def test_the_reader_ends_with_whoever_reads() -> None:
    async with aclosing(RowFeed(sound_rows(1_000), chunk_rows=10).chunks()) as chunks:
        await anext(chunks)
    for thread in threading.enumerate():
        if thread.name == "row-feed":
            thread.join(timeout=60)
            assert not thread.is_alive()
