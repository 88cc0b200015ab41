"""The connection: what a client may send in what pieces, and in what order it is answered."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from devkit.kinesis_server.http import BODY_BYTES_MAX, EXCHANGES_WAITING_MAX, Connection, Exchange

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]
POST = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: Kinesis_20131202.%s\r\nContent-Length: %d\r\n%s\r\n"


class Echo:
    """Answers with target and body; what is to wait waits until it is told to go on."""

    def __init__(self) -> None:
        self.begun_targets: list[bytes] = []
        self.held: list[Exchange] = []
        self.received_any = asyncio.Event()

    def begun(self, exchange: Exchange) -> None:
        self.begun_targets.append(exchange.target)

    def received(self, exchange: Exchange) -> None:
        self.received_any.set()
        if exchange.body == b"wait":
            self.held.append(exchange)
        else:
            exchange.answer(200, exchange.target.rpartition(b".")[2] + b" " + exchange.body)


def _request(body: bytes, target: bytes = b"Op", more: bytes = b"") -> bytes:
    return POST % (target, len(body), more) + body


async def _answers(reader: asyncio.StreamReader, count: int) -> list[bytes]:
    return [await _answer(reader) for _ in range(count)]


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return await reader.readexactly(length)


@asynccontextmanager
async def _talking_to(echo: Echo) -> "AsyncIterator[Callable[[], Awaitable[Client]]]":
    connections: set[Connection] = set()
    listener = await asyncio.get_running_loop().create_server(lambda: Connection(echo, connections), "127.0.0.1", 0)
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.sockets[0].getsockname()[1])
        writers.append(writer)
        return reader, writer

    yield connect
    for writer in writers:
        writer.close()
    listener.close()
    for connection in list(connections):
        await connection.gone.wait()


async def test_a_connection_serves_one_request_after_the_other() -> None:
    """It stays open, and each request's target and body are its own."""
    async with _talking_to(Echo()) as connect:
        reader, writer = await connect()
        for number in range(3):
            writer.write(_request(b"%d" % number, b"Op%d" % number))
            assert await _answer(reader) == b"Op%d %d" % (number, number)


async def test_a_request_may_come_byte_by_byte() -> None:
    """Nothing depends on how it is cut into pieces."""
    async with _talking_to(Echo()) as connect:
        reader, writer = await connect()
        for byte in _request(b"body"):
            writer.write(bytes([byte]))
            await writer.drain()
        assert await _answer(reader) == b"Op body"


async def test_pipelined_requests_are_answered_in_their_order() -> None:
    """One that takes its time holds back those behind it on its connection, and no other connection."""
    echo = Echo()
    async with _talking_to(echo) as connect:
        reader, writer = await connect()
        writer.write(_request(b"a") + _request(b"wait") + _request(b"b") + _request(b"c"))
        assert await _answer(reader) == b"Op a"
        other_reader, other_writer = await connect()
        other_writer.write(_request(b"other"))
        assert await _answer(other_reader) == b"Op other"
        (held,) = echo.held
        assert held.answer(200, b"at last")
        assert await _answers(reader, 3) == [b"at last", b"Op b", b"Op c"]


async def test_many_pipelined_requests_are_not_piled_up() -> None:
    """Reading stops while too many wait, and every one is answered in the end."""
    echo, count = Echo(), 20 * EXCHANGES_WAITING_MAX
    async with _talking_to(echo) as connect:
        reader, writer = await connect()
        writer.write(_request(b"wait"))
        for number in range(count):
            writer.write(_request(b"%d" % number + b" " * 2_000))
        await echo.received_any.wait()
        await connect()  # turns of the loop in which more could be read
        assert len(echo.begun_targets) < count
        assert echo.held[0].answer(200, b"first")
        answers = await _answers(reader, count + 1)
        assert [answer.split()[-1] for answer in answers] == [b"first", *[b"%d" % n for n in range(count)]]


async def test_a_client_that_asks_for_the_end_gets_it() -> None:
    """`Connection: close` is answered and kept."""
    async with _talking_to(Echo()) as connect:
        reader, writer = await connect()
        writer.write(_request(b"last", more=b"Connection: close\r\n"))
        answer = await reader.read()
        assert b"Connection: close" in answer
        assert answer.endswith(b"Op last")


async def test_an_answer_to_a_client_that_left_says_so() -> None:
    """Nobody has it."""
    echo = Echo()
    async with _talking_to(echo) as connect:
        _, writer = await connect()
        writer.write(_request(b"wait"))
        await echo.received_any.wait()
        writer.close()
        await echo.held[0].connection.gone.wait()
        assert not echo.held[0].answer(200, b"too late")
        echo.held[0].reset()


@pytest.mark.parametrize("nonsense", [b"\x00\x01\x02\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"])
async def test_what_is_not_http_ends_the_connection(nonsense: bytes) -> None:
    """Others are not touched."""
    async with _talking_to(Echo()) as connect:
        reader, writer = await connect()
        other_reader, other_writer = await connect()
        writer.write(nonsense)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        other_writer.write(_request(b"fine"))
        assert await _answer(other_reader) == b"Op fine"


async def test_a_body_has_an_end() -> None:
    """One larger than any request may be is not gathered."""
    echo = Echo()
    async with _talking_to(echo) as connect:
        reader, writer = await connect()
        writer.write(POST % (b"Op", BODY_BYTES_MAX + 1, b""))
        writer.write(b"x" * (BODY_BYTES_MAX + 1))
        with pytest.raises(ConnectionResetError):
            await reader.read()
        assert not echo.received_any.is_set()


async def test_a_large_answer_reaches_a_slow_reader_whole() -> None:
    """What is behind it waits until it is gone."""
    echo = Echo()
    async with _talking_to(echo) as connect:
        reader, writer = await connect()
        body = bytes(8 << 20)
        writer.write(_request(body) + _request(b"next"))
        assert await _answers(reader, 2) == [b"Op " + body, b"Op next"]
