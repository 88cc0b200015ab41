"""The loop whose clock jumps over waits and counts work, and the links of memory that it connects."""

import asyncio
import hashlib
from collections.abc import Callable

import pytest
from bench.counted.loop import CountingLoop, NothingLeftToHappenError, run
from bench.counted.network import READ_BYTES_MAX, UNREAD_BYTES_MAX, Link
from bench.counted.work import CALL_S


def digests(count: int) -> list[bytes]:
    """Work that is counted: a list comprehension, and twice as many calls of C as digests."""
    return [hashlib.sha256(b"x").digest() for _ in range(count)]


async def test_waiting_is_a_jump_and_work_takes_its_calls() -> None:
    """An hour passes at once, and ten digests take twenty calls and some more."""

    async def main(loop: CountingLoop) -> tuple[float, int, int]:
        began, waits, calls = loop.time(), loop.waits, loop.work.calls
        await asyncio.sleep(3_600)
        digests(10)  # not counted yet
        with loop.work.counted():
            digests(10)
        return loop.time() - began, loop.waits - waits, loop.work.calls - calls

    took_s, waits, calls = await asyncio.to_thread(run, main)
    assert waits == 1
    assert 20 <= calls <= 25
    assert took_s == pytest.approx(3_600 + calls * CALL_S)


async def test_what_is_done_aside_is_not_counted() -> None:
    """Not even within work that is."""

    async def main(loop: CountingLoop) -> tuple[int, int]:
        with loop.work.counted():
            loop.work.aside(digests, 100)
            before = loop.work.calls
            digests(1)
        return before, loop.work.calls - before

    aside, counted = await asyncio.to_thread(run, main)
    assert aside <= 2 < counted


async def test_a_run_in_which_nothing_can_happen_fails() -> None:
    """At once, instead of hanging."""

    async def main(loop: CountingLoop) -> None:
        await loop.create_future()

    with pytest.raises(NothingLeftToHappenError):
        await asyncio.to_thread(run, main)


class Reader(asyncio.Protocol):
    """Notes what it reads and is told, each with the turn of the loop."""

    def __init__(self, turn: Callable[[], int]) -> None:
        self._turn = turn
        self.seen: list[tuple[int, object]] = []

    def data_received(self, data: bytes) -> None:
        self.seen.append((self._turn(), len(data)))

    def pause_writing(self) -> None:
        self.seen.append((self._turn(), "pause"))

    def resume_writing(self) -> None:
        self.seen.append((self._turn(), "resume"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.seen.append((self._turn(), "lost"))


class Far:
    """Keeps what comes."""

    def __init__(self) -> None:
        self.data = b""
        self.drained = 0

    def came(self, data: bytes) -> None:
        self.data += data

    def was_read(self) -> None:
        self.drained += 1

    def closed(self) -> None:
        self.data += b"<closed>"


async def test_bytes_come_a_read_a_turn_unless_reading_pauses() -> None:
    """As from a socket: what was sent before a turn is there in it, bounded by a read."""

    async def main(loop: CountingLoop) -> tuple[list[tuple[int, object]], int]:
        reader, far = Reader(lambda: loop.turns), Far()
        link = Link(loop, loop.work, reader)
        link.far = far
        began = loop.turns
        link.feed(b"x" * READ_BYTES_MAX)
        link.feed(b"y")
        assert not reader.seen
        for _ in range(3):
            await asyncio.sleep(0)
        link.pause_reading()
        link.feed(b"z")
        await asyncio.sleep(0)
        assert far.drained == 1
        link.resume_reading()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return reader.seen, began

    seen, began = await asyncio.to_thread(run, main)
    assert [size for _, size in seen] == [READ_BYTES_MAX, 1, 1]
    assert [turn - began for turn, _ in seen[:2]] == [1, 2]


async def test_a_far_end_that_does_not_read_has_writing_pause() -> None:
    """Until it reads on; then it has all, in order, and the end."""

    async def main(loop: CountingLoop) -> tuple[list[object], bytes]:
        reader, far = Reader(lambda: loop.turns), Far()
        link = Link(loop, loop.work, reader)
        link.far, link.reading = far, False
        for _ in range(3):
            link.write(b"a" * (UNREAD_BYTES_MAX // 2))
        link.write(b"b")
        assert far.data == b""
        link.read_on()
        link.close()
        link.write(b"lost")
        await asyncio.sleep(0)
        return [told for _, told in reader.seen], far.data

    told, data = await asyncio.to_thread(run, main)
    assert told == ["pause", "resume", "lost"]
    assert data == b"a" * (UNREAD_BYTES_MAX // 2 * 3) + b"b<closed>"
