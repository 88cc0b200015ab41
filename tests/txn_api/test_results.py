"""Results on their way to a client that reads, reads slowly or does not read."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.types import Message

from tests.builders import encoded
from tests.support.virtual_time import in_virtual_time
from txn_api.acknowledgement import accepted
from txn_api.problems import NotStored
from txn_api.results import SENT_AT_ONCE_BYTES_MAX, AllResults, Results, ResultsUnreadError, ResultWriter
from txn_core.kinesis.landing import Landing
from txn_core.positions import SequenceNumber, ShardId

UNREAD_BYTES_MAX = 4 * SENT_AT_ONCE_BYTES_MAX
UNREAD_S_MAX = 30.0
LINE = b"x" * 1023 + b"\n"
LANDING = Landing(ShardId("shardId-000000000000"), SequenceNumber("1"))


class Reader:
    """A client that takes `pause_s` seconds over each piece."""

    def __init__(self, pause_s: float = 0.0) -> None:
        self._pause_s = pause_s
        self.read = bytearray()

    async def send(self, message: Message) -> None:
        await asyncio.sleep(self._pause_s)
        self.read += message["body"]


@asynccontextmanager
async def writing(send: Callable[[Message], Awaitable[None]]) -> AsyncIterator[ResultWriter]:
    """A writer at work."""
    writer = ResultWriter(send, unread_bytes_max=UNREAD_BYTES_MAX, unread_s_max=UNREAD_S_MAX)
    sending = asyncio.create_task(writer.run())
    try:
        yield writer
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


@in_virtual_time
async def test_a_reader_gets_everything_in_order() -> None:
    """What was written is sent, whole and in order, before the end returns."""
    reader = Reader()
    async with writing(reader.send) as writer:
        for number in range(1000):
            await writer.write(b"%d\n" % number)
        await writer.end()
        assert reader.read == b"".join(b"%d\n" % number for number in range(1000))


@in_virtual_time
async def test_a_slow_reader_slows_the_writer_and_is_not_cut_off() -> None:
    """Each piece read counts: a client that takes 20 seconds over each is slow, not gone."""
    reader = Reader(pause_s=20.0)
    async with writing(reader.send) as writer:
        for _ in range(1000):
            await writer.write(LINE)
            assert len(writer._unread) <= UNREAD_BYTES_MAX + len(LINE)
        await writer.end()
        assert len(reader.read) == 1000 * len(LINE)


@in_virtual_time
async def test_a_reader_that_never_reads_is_given_up() -> None:
    """Memory stays bounded, and after the bound of time the results go nowhere and nobody waits for them."""
    async with writing(Reader(pause_s=1e9).send) as writer:
        with pytest.raises(ResultsUnreadError):
            await _write_for_ever(writer)
        assert asyncio.get_running_loop().time() == pytest.approx(UNREAD_S_MAX)
        assert len(writer._unread) <= UNREAD_BYTES_MAX + len(LINE)
        for _ in range(1000):
            await writer.write(LINE)
        assert len(writer._unread) <= UNREAD_BYTES_MAX + len(LINE)


async def _write_for_ever(writer: ResultWriter) -> None:
    while True:
        await writer.write(LINE)


@in_virtual_time
async def test_the_end_does_not_wait_for_ever() -> None:
    """A client that sent everything and then reads nothing is given up too."""
    async with writing(Reader(pause_s=1e9).send) as writer:
        await writer.write(LINE)
        with pytest.raises(ResultsUnreadError):
            await writer.end()
        assert asyncio.get_running_loop().time() == pytest.approx(UNREAD_S_MAX)


@in_virtual_time
async def test_all_results_are_sent_and_only_refusals_are_kept() -> None:
    """The default keeps what was refused; `results=all` sends both as they come."""
    reader, kept, event = Reader(), Results("req_1"), encoded()
    async with writing(reader.send) as writer:
        for results in (kept, AllResults("req_1", writer)):
            await results.accepted(1, event, LANDING)
            await results.refused(2, NotStored())
        await writer.end()
    refused = bytes(kept.kept)
    assert refused.startswith(b'{"line":2,"problem":{')
    accepted_line, _, rest = reader.read.partition(b"\n")
    assert json.loads(accepted_line) == {"line": 1, **json.loads(accepted(event, LANDING))}
    assert rest == refused
