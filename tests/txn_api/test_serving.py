"""The application behind a real server and over real sockets: what only a connection can show."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
import uvicorn

from tests.builders import body, card_number, json_bytes
from tests.support.fake_kinesis import Fate, Reply
from tests.txn_api.asgi import until
from tests.txn_api.conftest import Desk

ANSWER_S_MAX = 10.0


@dataclass
class Connection:
    """A client that speaks HTTP by hand."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    key: str

    def head(self, path: str, *fields: str) -> None:
        """Send the head of a POST."""
        lines = [f"POST {path} HTTP/1.1", "Host: txn.test", f"Authorization: {self.key}", *fields, "", ""]
        self.writer.write("\r\n".join(lines).encode())

    def post(self, path: str, content: bytes) -> None:
        """Send a whole POST."""
        self.head(path, f"Content-Length: {len(content)}")
        self.writer.write(content)

    def chunk(self, content: bytes) -> None:
        """Send a chunk of a body of unknown length; an empty one is its end."""
        self.writer.write(b"%x\r\n%b\r\n" % (len(content), content))

    async def answer(self) -> tuple[int, bytes]:
        """The status and the body of the next answer."""
        async with asyncio.timeout(ANSWER_S_MAX):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
            status = int(head.split()[1])
            if "transfer-encoding: chunked" in head:
                return status, await self._chunks()
            length = int(head.partition("content-length: ")[2].split()[0])
            return status, await self.reader.readexactly(length)

    async def _chunks(self) -> bytes:
        content = b""
        while size := int(await self.reader.readline(), 16):
            content += (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readline()
        return content


@dataclass
class Served:
    """A running server."""

    desk: Desk
    server: uvicorn.Server
    task: "asyncio.Task[None]"
    port: int

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection of its own."""
        client = _with_small_buffers(socket.socket())
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", self.port))
        reader, writer = await asyncio.open_connection(sock=client)
        try:
            yield Connection(reader, writer, self.desk.client.headers["authorization"])
        finally:
            # Whatever is unsent stays unsent: a close would wait for a server that reads no more.
            writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def stop(self) -> None:
        """Stop as at SIGTERM, and wait for the end."""
        self.server.should_exit = True
        async with asyncio.timeout(ANSWER_S_MAX):
            await self.task


def _with_small_buffers(made: socket.socket) -> socket.socket:
    """Let the system hold little of what nobody reads, lest a stuck reader needs megabytes to show."""
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        made.setsockopt(socket.SOL_SOCKET, option, 1 << 15)
    return made


@pytest.fixture
async def served(desk: Desk) -> AsyncIterator[Served]:
    """The application behind uvicorn, set up as `txn api` does."""
    listener = _with_small_buffers(socket.create_server(("127.0.0.1", 0)))
    config = uvicorn.Config(
        desk.app, http="httptools", lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    await until(lambda: server.started)
    served = Served(desk, server, task, listener.getsockname()[1])
    yield served
    await served.stop()
    listener.close()


def sound(number: int = 0) -> bytes:
    """A sound body."""
    return json_bytes(body(transaction_id=f"{number:08d}", card_number=card_number(number)))


async def test_the_sender_of_a_large_body_sees_413(served: Served) -> None:
    """The body is read to its end, so that the answer is not lost with a cut connection, which stays usable."""
    async with served.connection() as client:
        client.post("/transactions", b"x" * 1_000_000)
        status, content = await client.answer()
        assert (status, json.loads(content)["code"]) == (413, "body_too_large")
        client.post("/transactions", sound())
        status, _ = await client.answer()
        assert status == 202


async def test_the_sender_of_an_endless_body_sees_413(served: Served) -> None:
    """A body without a length is given up at a bound, while it is still being sent."""
    async with served.connection() as client:
        client.head("/transactions", "Transfer-Encoding: chunked")
        for _ in range(80):
            client.chunk(b"x" * (1 << 16))
            await client.writer.drain()
        status, content = await client.answer()
        assert (status, json.loads(content)["code"]) == (413, "body_too_large")


async def test_a_head_that_asks_first_is_told_to_go_on(served: Served) -> None:
    """`Expect: 100-continue`, as curl sends it for larger bodies."""
    async with served.connection() as client:
        client.head("/transactions", f"Content-Length: {len(sound())}", "Expect: 100-continue")
        async with asyncio.timeout(ANSWER_S_MAX):
            assert (await client.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        client.writer.write(sound())
        status, _ = await client.answer()
        assert status == 202


async def test_a_stalled_body_ends_the_connection(served: Served) -> None:
    """408 is seen, and the half request does not hold the connection."""
    served.desk.change(body_deadline_s=0.05)
    async with served.connection() as client:
        client.head("/transactions", "Content-Length: 100")
        client.writer.write(b"{")
        status, content = await client.answer()
        assert (status, json.loads(content)["code"]) == (408, "body_timeout")
        async with asyncio.timeout(ANSWER_S_MAX):
            assert await client.reader.read() == b""


async def test_a_trickled_upload_ends_the_connection(served: Served) -> None:
    """Its totals are seen, and a byte now and then does not hold the connection."""
    served.desk.change(body_deadline_s=0.2)
    async with served.connection() as client:
        client.head("/transactions/bulk", "Transfer-Encoding: chunked")
        client.chunk(sound() + b"\n")
        answering = asyncio.ensure_future(client.answer())
        while not answering.done():
            client.chunk(b" ")
            await asyncio.sleep(0.05)
        status, content = answering.result()
        assert (status, json.loads(content)["ended"]) == (200, "body_timeout")
        async with asyncio.timeout(ANSWER_S_MAX):
            with suppress(ConnectionResetError):  # what came in meanwhile is not read any more
                assert await client.reader.read() == b""


async def test_hanging_up_takes_no_transaction_along(served: Served) -> None:
    """A POST whose client has gone lands, and so do the lines of an upload that breaks off."""
    desk = served.desk
    desk.script(Reply(after_s=0.05), Reply(after_s=0.05))
    async with served.connection() as client:
        client.post("/transactions", sound())
        await until(lambda: desk.kinesis.in_flight)
    async with served.connection() as client:
        client.head("/transactions/bulk", "Transfer-Encoding: chunked")
        client.chunk(sound(1) + b"\n" + sound(2) + b"\n" + sound(3)[:50])
        await until(lambda: len(desk.kinesis.calls) == 2)
    await until(lambda: len(desk.kinesis.stored) == 3)
    await until(lambda: _in_flight(desk) == 0)
    assert desk.services.producer.buffered_bytes == 0


def _in_flight(desk: Desk) -> float | None:
    value: float | None = desk.app.state.registry.get_sample_value("txn_http_requests_in_flight")
    return value


async def test_a_shutdown_answers_every_request_in_flight(served: Served) -> None:
    """202 or 503 for whoever was heard, and the stream has exactly what was acknowledged."""
    desk = served.desk
    first = Reply(after_s=0.1, fates=[Fate.LANDS, Fate.THROTTLED, Fate.REFUSED])
    desk.script(first, *[Reply(after_s=0.05)] * 50, deadline_s=2.0)
    async with _connections(served, 12) as clients:
        for number, client in enumerate(clients):
            client.post("/transactions", sound(number))
        await until(lambda: _in_flight(desk) == len(clients))
        stopping = asyncio.create_task(served.stop())
        answers = await asyncio.gather(*(client.answer() for client in clients))
        await stopping
    statuses = [status for status, _ in answers]
    assert set(statuses) == {202, 503}
    acknowledged = {json.loads(content)["transaction_id"] for status, content in answers if status == 202}
    assert acknowledged == {json.loads(data)["transaction_id"] for data in desk.kinesis.data}
    assert desk.services.producer.buffered_bytes == 0


@asynccontextmanager
async def _connections(served: Served, count: int) -> AsyncIterator[list[Connection]]:
    if count == 0:
        yield []
        return
    async with served.connection() as first, _connections(served, count - 1) as rest:
        yield [first, *rest]


@pytest.mark.parametrize("query", ["", "?results=all"])
async def test_a_shutdown_answers_uploads(served: Served, query: str) -> None:
    """An upload that is still being sent gets its totals, over a connection that then closes."""
    desk = served.desk
    async with served.connection() as client:
        client.head(f"/transactions/bulk{query}", "Transfer-Encoding: chunked")
        client.chunk(b"".join(sound(number) + b"\n" for number in range(5)))
        await until(lambda: len(desk.kinesis.stored) == 5)
        desk.services.stop()
        stopping = asyncio.create_task(served.stop())
        for _ in range(20):
            client.chunk(sound(9) + b"\n")
            await asyncio.sleep(0)
        client.chunk(b"")
        status, content = await client.answer()
        totals = json.loads(content.splitlines()[-1])
        assert (status, totals["ended"]) == (200, "shutting_down")
        assert totals["read"] == totals["accepted"] == len(desk.kinesis.stored)
        await stopping


async def test_a_reader_that_never_reads_holds_bounded_memory(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `results=all` the server stops reading such a sender, instead of keeping results or lines for it."""
    monkeypatch.setattr("txn_api.routes.bulk.UNREAD_BYTES_MAX", 10_000)
    desk = served.desk
    async with served.connection() as client:
        client.head("/transactions/bulk?results=all", "Transfer-Encoding: chunked")
        line = b"bad " + b"x" * 200 + b"\n"
        sent = await _send_until_stuck(client, lambda: client.chunk(line * 100))
        assert sent < 60  # of 10,000; at 100 the rejects alone would end the upload
        assert desk.services.producer.buffered_bytes == 0


async def _send_until_stuck(client: Connection, send: Callable[[], None]) -> int:
    for sent in range(10_000):
        send()
        try:
            async with asyncio.timeout(0.5):
                await client.writer.drain()
        except (TimeoutError, ConnectionError):
            return sent
    return 10_000
