"""The application behind a real server and over real sockets: what only a connection can show."""

import asyncio
import gc
import itertools
import json
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
import uvicorn

from tests.builders import body, card_number, issued_card_number, json_bytes
from tests.support.fake_kinesis import Fate, Reply
from tests.txn_api.asgi import until
from tests.txn_api.conftest import AppFixture
from txn_api.edge.application import App
from txn_api.edge.buffered_request import BufferedRequest
from txn_api.edge.request_context import RequestContext
from txn_api.writes.batch import Post
from txn_core.quotas import Limits
from txn_server.http import connection as http_connection

ANSWER_S_MAX = 60.0


@dataclass
class Connection:
    """A client that speaks HTTP by hand."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    key: str

    def head(self, path: str, *fields: str, content: bytes = b"") -> None:
        """Send the head of a POST, and with it what there is of its body."""
        lines = [f"POST {path} HTTP/1.1", "Host: txn.test", f"Authorization: {self.key}", *fields, "", ""]
        self.writer.write("\r\n".join(lines).encode() + content)

    def post(self, path: str, content: bytes, *fields: str) -> None:
        """Send a whole POST."""
        self.head(path, "Content-Type: application/json", f"Content-Length: {len(content)}", *fields, content=content)

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

    desk: AppFixture
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
    """Let the system hold little of what nobody reads, so that a stuck reader shows before it holds megabytes."""
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        made.setsockopt(socket.SOL_SOCKET, option, 1 << 15)
    return made


@pytest.fixture(params=["ours", "httptools"])
async def served(desk: AppFixture, request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    """The application behind uvicorn, set up as `txn api` does, and with uvicorn's own connections."""
    listener = _with_small_buffers(socket.create_server(("127.0.0.1", 0)))
    config = uvicorn.Config(
        desk.app,
        http=http_connection.Connection if request.param == "ours" else "httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(ANSWER_S_MAX),
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
    served.desk.change(body_deadline_s=1.0)
    async with served.connection() as client:
        client.head("/transactions/bulk", "Transfer-Encoding: chunked")
        client.chunk(sound() + b"\n")
        answering = asyncio.ensure_future(client.answer())
        while not answering.done():
            with suppress(OSError):  # past the client's stream, which would forget the answer once a write fails
                os.write(client.writer.get_extra_info("socket").fileno(), b"1\r\n \r\n")
            await asyncio.wait([answering], timeout=0.05)
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


def _in_flight(desk: AppFixture) -> float | None:
    value: float | None = desk.app.state.registry.get_sample_value("txn_http_requests_in_flight")
    return value


async def test_a_shutdown_answers_every_request_in_flight(served: Served) -> None:
    """202 or 503 for whoever was heard, and the stream has exactly what was acknowledged."""
    desk, heard = served.desk, asyncio.Event()
    first = Reply(once=heard, fates=[Fate.REFUSED, Fate.LANDS, Fate.THROTTLED])
    desk.script(first, *[Reply(after_s=0.05)] * 50, deadline_s=ANSWER_S_MAX)
    async with _connections(served, 12) as clients:
        for number, client in enumerate(clients):
            client.post("/transactions", sound(number))
        await until(lambda: _in_flight(desk) == len(clients))
        stopping = asyncio.create_task(served.stop())
        await until(lambda: not any(each.is_serving() for each in served.server.servers))
        heard.set()
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


async def test_posts_of_a_turn_are_each_answered_by_themselves(served: Served) -> None:
    """Sound ones, and each kind of refusal, whatever stands beside it in the same turn."""
    desk = served.desk
    reading = desk.key("transactions:read")["Authorization"]
    number = issued_card_number(77)
    misplaced = json_bytes(body(card_number=number, transaction_id="misplaced-in-head"))
    sent: list[tuple[int, str, str, bytes, tuple[str, ...]]] = [
        (202, "", "/transactions", sound(1), ()),
        (422, "validation_failed", "/transactions", json_bytes(body(amount_minor=-1)), ()),
        (202, "", "/transactions", sound(2), ('Idempotency-Key: "k-1"',)),
        (400, "malformed_json", "/transactions", b"{", ()),
        (422, "card_number_misplaced", "/transactions", misplaced, (f"X-Note: {number}",)),
        (422, "card_number_misplaced", f"/transactions?note={number}", sound(3), ()),
        (415, "content_encoding_unsupported", "/transactions", sound(3), ("Content-Encoding: br",)),
        (413, "body_too_large", "/transactions", b"x" * 100_000, ()),
        (422, "id_required", "/transactions", json_bytes(body(transaction_id=None)), ()),
        (202, "", "/transactions", sound(4), ()),
    ]
    async with _connections(served, len(sent) + 1) as (stranger, *clients):
        stranger.key = reading
        stranger.post("/transactions", sound(5))
        for client, (_, _, path, content, fields) in zip(clients, sent, strict=True):
            client.post(path, content, *fields)
        status, content = await stranger.answer()
        assert (status, json.loads(content)["code"]) == (403, "scope_missing")
        for client, (expected, code, _, _, _) in zip(clients, sent, strict=True):
            status, content = await client.answer()
            assert (status, json.loads(content).get("code", "")) == (expected, code)
    assert {json.loads(data)["transaction_id"] for data in desk.kinesis.data} == {f"{n:08d}" for n in (1, 2, 4)}
    await until(lambda: _in_flight(desk) == 0)


async def test_requests_of_one_packet_are_answered_in_their_order(served: Served) -> None:
    """Pipelined: the second waits for the first's answer, the third for both."""
    async with served.connection() as client:
        for number in range(3):
            client.post("/transactions", sound(number))
        ids = [json.loads((await client.answer())[1])["transaction_id"] for _ in range(3)]
    assert ids == [f"{number:08d}" for number in range(3)]


async def test_a_body_that_comes_in_pieces_is_put_together(served: Served) -> None:
    content = sound(6)
    async with served.connection() as client:
        client.post("/transactions", b"", f"X-Nothing: {0}")  # an empty body is a whole one, too
        assert (await client.answer())[0] == 400
        client.head("/transactions", "Content-Type: application/json", f"Content-Length: {len(content)}")
        for piece in (content[:10], content[10:-1], content[-1:]):
            client.writer.write(piece)
            await client.writer.drain()
            await asyncio.sleep(0.02)
        assert (await client.answer())[0] == 202


async def test_a_key_gets_back_what_its_posts_held(served: Served) -> None:
    """Bounds on requests at once and on their rate hold for posts of one turn, and end with them."""
    desk, refused = served.desk, asyncio.Event()
    key = desk.key("transactions:write", limits=Limits(requests_max=4))["Authorization"]
    async with _connections(served, 8) as clients:
        clients[0].key = key
        clients[0].post("/transactions", sound(99))  # so that the key is known
        assert (await clients[0].answer())[0] == 202
        desk.script(*[Reply(once=refused)] * 100, deadline_s=ANSWER_S_MAX)
        for _ in range(3):
            refused.clear()
            for number, client in enumerate(clients):
                client.key = key
                client.post("/transactions", sound(number))
            answers = [asyncio.ensure_future(client.answer()) for client in clients]
            await until(lambda: sum(answer.done() for answer in answers) == 4)  # noqa: B023 - waited for here
            refused.set()
            assert sorted(status for status, _ in await asyncio.gather(*answers)) == [202] * 4 + [429] * 4
    assert _in_flight(desk) == 0


async def test_what_the_stream_refuses_is_told_to_its_post(served: Served) -> None:
    """Not stored and in doubt are told apart."""
    desk = served.desk
    desk.script(Reply(fates=[Fate.REFUSED]), Reply(after_s=5.0), deadline_s=0.5)
    async with served.connection() as client:
        for code in ("not_stored", "outcome_unknown"):
            client.post("/transactions", sound(1))
            status, content = await client.answer()
            assert (status, json.loads(content)["code"]) == (503, code)
    assert _in_flight(desk) == 0


async def test_posts_leave_no_circles_to_the_collector(served: Served) -> None:
    """What a request made is gone with it, be it acknowledged or refused: nothing has to be searched for."""
    reading = served.desk.key("transactions:read")["Authorization"]
    limited = served.desk.key("transactions:write", limits=Limits(writes_per_s=1))["Authorization"]
    async with _connections(served, 3) as (client, reader, noisy):
        reader.key, noisy.key = reading, limited
        for known in (client, reader, noisy):
            known.post("/transactions", sound(0))
            await known.answer()
        statuses: set[int] = set()
        gc.collect()
        gc.disable()
        try:
            for number in range(10):
                for content in (sound(number), json_bytes(body(amount_minor=-1))):
                    client.post("/transactions", content)
                    await client.answer()
                for refused in (reader, noisy):
                    refused.post("/transactions", sound(number))
                    statuses.add((await refused.answer())[0])
            left = [type(each).__name__ for each in gc.get_objects() if isinstance(each, Post | RequestContext)]
        finally:
            gc.enable()
    assert left == []
    assert statuses >= {403, 429}  # and 202 when a second has passed meanwhile


async def test_a_server_with_the_extension_offers_whole_posts_however_they_are_cut(
    served: Served, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Ours does, once the application has entered itself at its first request; another server has no extension.

    Both answer all of them.
    """
    taken: list[bool] = []
    take = App.take

    def noted(app: App, offered: BufferedRequest) -> bool:
        taken.append(take(app, offered))
        return taken[-1]

    monkeypatch.setattr(App, "take", noted)
    types = ["application/json", "application/json", "application/json; charset=utf-8", "APPLICATION/JSON"]
    cuts = [0, 1, 40, 400]
    async with served.connection() as client:
        client.post("/transactions", sound())
        assert (await client.answer())[0] == 202
        for number, (media_type, cut) in enumerate(itertools.product(types, cuts), 1):
            content = sound(number)
            client.head("/transactions", f"Content-Type: {media_type}", f"Content-Length: {len(content)}")
            for piece in (content[:cut], content[cut:]):
                await client.writer.drain()
                await asyncio.sleep(0)
                client.writer.write(piece)
            assert (await client.answer())[0] == 202
    is_ours = "ours" in request.node.name
    assert taken == ([True] * len(types) * len(cuts) if is_ours else [])
