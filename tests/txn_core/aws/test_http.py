"""The wire: connections that are kept and bounded, and errors that say whether a request may have arrived."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.txn_api.asgi import until
from txn_core.aws.clients import Aws
from txn_core.aws.http import HttpPool
from txn_core.kinesis.outcomes import Doubt, outcome_of_error
from txn_core.settings import Settings

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LOCALHOST = "127.0.0.1"


class Server:
    """Answers each request as it is told, and counts connections."""

    def __init__(self, answer: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> None:
        self._answer = answer
        self.connections = 0
        self.requests: list[tuple[bytes, bytes]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                self.requests.append((head, await reader.readexactly(length)))
                await self._answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def saying(answer: bytes) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return say


@asynccontextmanager
async def served(
    server: Server, *, tls: ssl.SSLContext | None = None, trusted: ssl.SSLContext | None = None, **bounds: float
) -> AsyncIterator[HttpPool]:
    listener = await asyncio.start_server(server, LOCALHOST, 0, ssl=tls)
    port = listener.sockets[0].getsockname()[1]
    wire = HttpPool(
        f"{'https' if tls else 'http'}://{LOCALHOST}:{port}",
        connect_timeout_s=2,
        read_timeout_s=bounds.get("read_timeout_s", 5),
        connections_max=int(bounds.get("connections_max", 4)),
        tls=trusted,
    )
    try:
        yield wire
    finally:
        await wire.close()
        listener.close()


async def test_a_request_arrives_as_it_was_meant() -> None:
    """Head and body as they were given, and the answer's status and content back."""
    server = Server(saying(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 4\r\n\r\nwhat"))
    async with served(server) as wire:
        assert await wire.post({"x-amz-target": "Kinesis.X"}, b"body") == (400, b"what")
    [(head, body)] = server.requests
    assert head.startswith(b"POST / HTTP/1.1\r\nhost: 127.0.0.1:")
    assert b"\r\nx-amz-target: Kinesis.X\r\n" in head
    assert body == b"body"


async def test_a_connection_is_used_again() -> None:
    """One after the other needs one connection, at once as many as the bound, and never more."""
    release = asyncio.Event()

    async def when_released(writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.write(OK)

    server = Server(when_released)
    async with served(server, connections_max=2) as wire:
        posts = [asyncio.create_task(wire.post({}, b"%d" % number)) for number in range(6)]
        await until(lambda: len(server.requests) == 2)
        release.set()
        assert await asyncio.gather(*posts) == [(200, b"ok")] * 6
        for _ in range(3):
            await wire.post({}, b"")
        assert server.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    ],
)
async def test_every_form_of_answer_is_read(answer: bytes) -> None:
    """Chunks, preliminary answers, and connections that end with their answer."""
    async with served(Server(saying(answer))) as wire:
        assert [await wire.post({}, b"") for _ in range(2)] == [(200, b"ok")] * 2


async def test_a_connection_that_was_closed_meanwhile_is_not_used() -> None:
    """A server that lets idle connections go makes nobody doubt."""

    async def and_close(writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()
        writer.close()
        closed.set()

    closed, server = asyncio.Event(), Server(and_close)
    async with served(server) as wire:
        for _ in range(3):
            closed.clear()
            assert await wire.post({}, b"") == (200, b"ok")
            await closed.wait()
            await until(lambda: not any(connection.open for connection in wire._idle))
    assert server.connections == 3


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"4111 is no HTTP\r\n\r\n"]
)
async def test_an_answer_that_breaks_off_leaves_doubt(answer: bytes) -> None:
    """The request may have been carried out; the next one goes out on another connection."""

    async def half(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.transport.abort()

    server = Server(half)
    async with served(server) as wire:
        for _ in range(2):
            with pytest.raises(ConnectionClosedError) as broken:
                await wire.post({}, b"")
            assert outcome_of_error(broken.value).doubt is Doubt.PERHAPS_STORED
    assert server.connections == 2


async def test_silence_ends_in_doubt() -> None:
    """No answer within the bound."""

    async def say_nothing(writer: asyncio.StreamWriter) -> None:
        pass

    async with served(Server(say_nothing), read_timeout_s=0.05) as wire:
        with pytest.raises(ReadTimeoutError) as silent:
            await wire.post({}, b"")
        assert outcome_of_error(silent.value).doubt is Doubt.PERHAPS_STORED


async def test_a_cancelled_request_leaves_no_answer_to_the_next() -> None:
    """What comes late would otherwise be taken for the answer to another request."""
    answers = iter([asyncio.Event(), None])

    async def late(writer: asyncio.StreamWriter) -> None:
        if (event := next(answers)) is not None:
            await event.wait()
        writer.write(OK)

    server = Server(late)
    async with served(server) as wire:
        cancelled = asyncio.create_task(wire.post({}, b"first"))
        await until(lambda: server.requests)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        assert await wire.post({}, b"second") == (200, b"ok")
    assert server.connections == 2


async def test_no_server_is_told_as_never_sent() -> None:
    """Nothing listens, so nothing was sent."""
    wire = HttpPool("http://127.0.0.1:1", connect_timeout_s=1, read_timeout_s=1, connections_max=1)
    for _ in range(2):  # the place is free again
        with pytest.raises(EndpointConnectionError) as refused:
            await wire.post({}, b"")
        assert outcome_of_error(refused.value).doubt is Doubt.NOT_STORED


async def test_a_server_that_accepts_nobody_is_told_as_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound on connecting holds."""

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
    wire = HttpPool("http://127.0.0.1:1", connect_timeout_s=0.02, read_timeout_s=1, connections_max=1)
    with pytest.raises(ConnectTimeoutError) as late:
        await wire.post({}, b"")
    assert outcome_of_error(late.value).doubt is Doubt.NOT_STORED


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context, and the certificate that clients may trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOCALHOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = tmp_path / "public.pem", tmp_path / "private.pem"
    public.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(public, private)
    return context, public


async def test_tls_is_verified(certificate: tuple[ssl.SSLContext, Path]) -> None:
    """A certificate that is trusted lets requests through; with any other nothing is sent."""
    context, public = certificate
    server = Server(saying(OK))
    async with served(server, tls=context, trusted=ssl.create_default_context(cafile=public)) as wire:
        assert await wire.post({}, b"") == (200, b"ok")
    async with served(server, tls=context, trusted=ssl.create_default_context()) as wire:
        with pytest.raises(EndpointConnectionError) as distrusted:
            await wire.post({}, b"secret")
        assert outcome_of_error(distrusted.value).doubt is Doubt.NOT_STORED
    assert len(server.requests) == 1


async def test_a_proxy_is_left_to_the_client(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has to go through a proxy gets there by the client that knows how."""
    settings = settings.model_copy(update={"kinesis_endpoint_url": "http://kinesis.test"})
    for proxy, wire in (("http://127.0.0.1:1", "ClientsWire"), (None, "HttpPool")):
        for name in ("http_proxy", "HTTP_PROXY"):
            if proxy:
                monkeypatch.setenv(name, proxy)
            else:
                monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        async with Aws(settings).kinesis_writer() as client:
            assert type(client.wire).__name__ == wire  # type: ignore[attr-defined]
