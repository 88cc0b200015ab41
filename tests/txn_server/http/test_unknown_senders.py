"""A connection asks from the head alone whether the application knows a sender; of anybody else it keeps no body."""

import asyncio
from typing import Any, Final

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from tests.http.transport import MemoryTransport
from tests.support.virtual_time import in_virtual_time
from tests.txn_api.asgi import until
from txn_api.edge.buffered_request import EXTENSION, BufferedRequest, BufferedRequests
from txn_server.http.connection import HELD_BYTES_MAX, READ_BYTES_MAX, READ_BYTES_MAX_UNKNOWN, Connection

_CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"
NEXT: Final = b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n"


def post(*lines: bytes, path: bytes = b"/read") -> bytes:
    return b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n" + b"".join(lines) + b"\r\n"


def length(size: int) -> bytes:
    return b"Content-Length: %d\r\n" % size


class Application:
    """Knows senders or not, looks them up when it is let, and reads bodies unless the path is `/refused`."""

    def __init__(self, *, known: bool) -> None:
        self.is_known = known
        self.asked_for: list[str] = []
        self.begun: list[str] = []
        self.bodies: list[bytes] = []
        self.looked_up = asyncio.Event()
        self.becomes_known = False

    def take(self, request: BufferedRequest) -> bool:
        return False

    def knows(self, scope: Scope) -> bool:
        self.asked_for.append(scope["path"])
        return self.is_known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun.append(scope["path"])
        if scope["method"] == "POST":
            await self.looked_up.wait()
            self.is_known |= self.becomes_known
        if scope["path"] == "/read":
            body, more = b"", True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    body = b"broken off"
                    break
                body += message["body"]
                more = message["more_body"]
            self.bodies.append(body)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


class Client:
    """A connection to an application, on a transport in memory."""

    def __init__(self, *, known: bool) -> None:
        self.application = Application(known=known)
        config = uvicorn.Config(
            self.application, ws="none", lifespan="off", log_config=None, proxy_headers=False, server_header=False
        )
        config.load()
        self.connection = Connection(config, ServerState(), {EXTENSION: BufferedRequests(self.application)})
        self.transport = MemoryTransport(self.connection)
        self.connection.connection_made(self.transport)

    async def sends(self, data: bytes) -> bytes:
        """Send what the connection takes, as far as it goes; gives the rest."""
        rest = memoryview(data)
        for _ in range(20):
            rest = memoryview(self.transport.give(rest))
            await asyncio.sleep(0)
        return bytes(rest)

    def answers(self) -> int:
        return bytes(self.transport.written).count(b"HTTP/1.1 200")

    @property
    def says_close(self) -> bool:
        return b"connection: close" in bytes(self.transport.written)

    def kept(self) -> int:
        """Bytes of a body that are kept anywhere."""
        exchange: Any = self.connection._exchange
        return len(self.connection._kept) + (0 if exchange is None else len(exchange._body))


@pytest.mark.parametrize(
    "framing", [length(60_000), _CHUNKED + b"X: y\r\n", length(60_000) + b"Expect: 100-continue\r\n"]
)
async def test_nothing_of_a_body_is_kept_before_its_sender_is_known(framing: bytes) -> None:
    """The application begins from the head; reading pauses after the read that is there already."""
    client = Client(known=False)
    rest = await client.sends(post(framing) + b"1\r\nx\r\n" * 10_000)
    assert client.application.begun == ["/read"]
    assert client.kept() <= READ_BYTES_MAX_UNKNOWN < len(rest)
    assert not client.transport.takes_input


@pytest.mark.parametrize(
    ("framing", "body"), [(length(60_000), b"x" * 60_000), (_CHUNKED, b"2710\r\n%b\r\n" % (b"x" * 10_000))]
)
async def test_a_sender_that_becomes_known_is_read_as_any_other(framing: bytes, body: bytes) -> None:
    """By a look-up that takes a while: the connection goes on behind the answer, with a next request."""
    client = Client(known=False)
    rest = await client.sends(post(framing) + body)
    client.application.looked_up.set()
    rest = await client.sends(rest)
    assert not rest
    await client.sends(b"0\r\n\r\n" * framing.startswith(b"T") + NEXT)
    await until(lambda: client.answers() == 2)
    assert client.application.bodies == [b"x" * (60_000 if framing.startswith(b"C") else 10_000)]
    assert not client.says_close


@pytest.mark.parametrize(
    ("framing", "stays"),
    [(_CHUNKED, False), (length(HELD_BYTES_MAX + 1), False), (length(HELD_BYTES_MAX), True), (length(30_000), True)],
)
async def test_a_body_that_nobody_asks_for_is_taken_apart_for_known_senders_alone(
    framing: bytes,
    stays: bool,  # noqa: FBT001 - a case
) -> None:
    """Of others a body of known and small length is dropped as it comes; behind chunks the connection ends."""
    for known, becomes_known in ((False, False), (False, True), (True, True)):
        client = Client(known=known)
        client.application.becomes_known = becomes_known
        client.application.looked_up.set()
        body = b"2\r\nxx\r\n" * 8 + b"0\r\n\r\n" if framing is _CHUNKED else b"x" * int(framing.split()[1])
        await client.sends(post(framing, path=b"/refused") + body + NEXT)
        assert client.answers() == (2 if stays or becomes_known else 1)
        assert client.says_close is not (stays or becomes_known)
        assert client.application.bodies == []


async def test_a_known_sender_is_read_in_large_pieces_and_others_in_small_ones() -> None:
    """What a connection keeps is bounded by what one read brings."""
    for known, room in ((True, READ_BYTES_MAX), (False, READ_BYTES_MAX_UNKNOWN)):
        client = Client(known=known)
        assert len(client.connection.get_buffer(-1)) == READ_BYTES_MAX_UNKNOWN
        await client.sends(post(length(200_000)))
        assert len(client.connection.get_buffer(-1)) == room


@in_virtual_time
async def test_a_known_sender_s_small_post_is_held_until_it_is_whole() -> None:
    """As before: however it is cut, the application sees it whole, and is asked once whom it knows."""
    client = Client(known=True)
    client.application.looked_up.set()
    assert not await client.sends(post(length(60_000)) + b"x" * 30_000)
    assert client.application.begun == []
    assert not await client.sends(b"x" * 30_000)
    await until(lambda: client.answers() == 1)
    assert client.application.asked_for == ["/read"]


async def test_a_request_that_is_there_whole_is_given_on_at_once() -> None:
    """Nobody is asked: it is kept already, and the application asks for the credential itself."""
    client = Client(known=False)
    client.application.looked_up.set()
    await client.sends(post(length(100)) + b"x" * 100)
    assert (client.application.asked_for, client.answers()) == ([], 1)


async def test_a_client_that_has_ended_is_answered_once_its_body_is_asked_for() -> None:
    """The end of its sending half comes while its key is looked up: what came before it counts."""
    for size, body in ((5, b"xxxxx"), (6, b"broken off")):
        client = Client(known=False)
        head = post(length(size))
        await client.sends(head)
        client.connection.data_received(b"xxxxx")
        client.connection.eof_received()
        client.application.looked_up.set()
        await until(lambda client=client: client.answers() == 1)  # type: ignore[misc] # a condition
        assert client.application.bodies == [body]
        await until(lambda client=client: not client.transport.is_open)  # type: ignore[misc]


async def test_a_shutdown_ends_a_connection_whose_sender_is_being_looked_up() -> None:
    """The answer says so, and is its last, also when the body is read after all."""
    for path in (b"/read", b"/refused"):
        client = Client(known=False)
        client.application.becomes_known = True
        await client.sends(post(_CHUNKED, path=path) + b"0\r\n\r\n")
        client.connection.shutdown()
        client.application.looked_up.set()
        await until(lambda client=client: client.answers() == 1)  # type: ignore[misc] # a condition
        assert client.says_close
        await until(lambda client=client: not client.transport.is_open)  # type: ignore[misc]
