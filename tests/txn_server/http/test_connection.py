"""A connection ends: nothing of it is left to the collector, and nobody who says nothing holds up the end."""

import asyncio
import gc
import socket
import struct
import weakref
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from tests.txn_api.asgi import until
from txn_server.http import connection as http_connection
from txn_server.http.connection import (
    DROPPED_BYTES_MAX,
    KEEP_ALIVE_S,
    READ_BYTES_MAX,
    UNRECEIVED_BYTES_MAX,
    Connection,
)

ENDS_S_MAX = 20.0
HELD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 64000\r\n\r\n" + b"x" * 60_000


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads a body and answers, with 408 if it breaks off; of `/unread` it reads nothing."""
    status, more = 200, scope["path"] != "/unread"
    while more:
        message = await receive()
        status = 408 if message["type"] == "http.disconnect" else status
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers nobody."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def idle(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that is busy with something else."""
    await asyncio.get_running_loop().create_future()


@dataclass
class Site:
    """A listening server, and the connections that it has made."""

    port: int
    made: "list[weakref.ref[Connection]]" = field(default_factory=list)

    async def connect(self) -> socket.socket:
        """A client's socket."""
        client = socket.socket()
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", self.port))
        return client

    def alive(self) -> list[Connection]:
        """The connections that something still refers to."""
        return [connection for each in self.made if (connection := each()) is not None]


@pytest.fixture
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    """One that serves the application of the parameter, `reading` unless told otherwise."""
    config = uvicorn.Config(getattr(request, "param", reading), lifespan="off", log_config=None, access_log=False)
    config.load()
    state, site = ServerState(), Site(0)

    def make() -> Connection:
        connection = Connection(config, state, {})
        site.made.append(weakref.ref(connection))
        return connection

    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    yield site
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("site", "how"),
    # A client that has closed may still read: when that ends is the application's to say.
    [(reading, "reset"), (reading, "closed"), (waiting, "reset")],
    indirect=["site"],
)
@pytest.mark.parametrize(
    "data",
    [
        HELD,
        HELD.replace(b"64000", b"640000"),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHos",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno trailer\r\n\r\n",
    ],
    ids=["held", "sent", "whole", "half a head", "no host", "no trailer"],
)
async def test_a_lost_connection_is_freed_at_once(site: Site, data: bytes, how: str) -> None:
    """A cycle would keep it, and what was sent on it, until the collector comes, which is seldom."""
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            client = await site.connect()
            await asyncio.get_running_loop().sock_sendall(client, data)
            await asyncio.sleep(0.02)
            if how == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        await until(lambda: not site.alive())
    finally:
        gc.enable()


async def test_a_body_that_ends_beyond_what_is_dropped_leaves_the_connection_as_it_is(site: Site) -> None:
    """Its last read may bring it over the bound: then there is nothing left to end it for."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    size = DROPPED_BYTES_MAX + 100
    writer.write(b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
    assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
    for sent in range(0, size, 4096):
        writer.write(b"x" * min(4096, size - sent))
        await writer.drain()
    (connection,) = site.alive()
    await until(lambda: connection.waits_s_max == KEEP_ALIVE_S)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
    writer.close()


@pytest.mark.parametrize("site", [idle], indirect=True)
async def test_little_is_read_of_a_body_that_nobody_receives(site: Site) -> None:
    """One read beyond the bound: on thousands of connections it is memory."""
    client, loop = await site.connect(), asyncio.get_running_loop()
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n"
    sending = asyncio.create_task(loop.sock_sendall(client, head + bytes(32 << 20)))
    await until(lambda: any(each._exchange and not each.transport.is_reading() for each in site.alive()))
    (connection,) = site.alive()
    exchange = connection._exchange
    assert exchange is not None
    assert UNRECEIVED_BYTES_MAX < len(exchange._body) <= UNRECEIVED_BYTES_MAX + READ_BYTES_MAX
    assert not connection._kept
    task = exchange.task
    assert task is not None
    connection.transport.abort()  # a paused one does not see that its client goes away
    task.cancel()
    sending.cancel()
    await asyncio.gather(task, sending, return_exceptions=True)
    client.close()
    await until(lambda: exchange.disconnected)


async def test_a_shutdown_waits_a_moment_for_a_body_and_then_answers(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One silent client does not use up the time that all have to end."""
    monkeypatch.setattr(http_connection, "LINGER_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
    await until(lambda: any(each.waits_s_max is None for each in site.alive()))
    async with asyncio.timeout(ENDS_S_MAX):
        (connection,) = site.alive()
        connection.shutdown()
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_a_shutdown_does_not_cut_a_body_that_comes(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n")
    await until(lambda: any(each.waits_s_max is None for each in site.alive()))
    async with asyncio.timeout(ENDS_S_MAX):
        (connection,) = site.alive()
        connection.shutdown()
        writer.write(b"{}")
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer
    writer.close()
