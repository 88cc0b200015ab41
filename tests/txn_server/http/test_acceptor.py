"""A shared socket's connections are taken one at a time, also when the system has no room for a while."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator

import pytest

from tests.txn_cli.stack.told_children import until
from txn_server.http import acceptor
from txn_server.http.acceptor import Acceptor


class Echo(asyncio.Protocol):
    """Sends back what comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)
        self.transport.close()


@pytest.fixture
async def listener() -> AsyncIterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


async def echoed(listener: socket.socket) -> bytes:
    """What a client gets back."""
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    writer.write(b"here")
    async with asyncio.timeout(60):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_two_acceptors_share_a_socket(listener: socket.socket) -> None:
    """Each connection is taken by one of them; what one leaves when it stops, the other takes."""
    other = Acceptor(listener.dup(), Echo)
    one = Acceptor(listener.dup(), Echo)
    one.start()
    other.start()
    assert await asyncio.gather(*(echoed(listener) for _ in range(20))) == [b"here"] * 20
    await one.stop()
    assert await echoed(listener) == b"here"
    await other.stop()


async def test_whoever_waits_at_the_stop_is_served(listener: socket.socket) -> None:
    """The socket is closed for good: the system would reset the connections that nobody took."""
    taking, address = Acceptor(listener.dup(), Echo), listener.getsockname()
    clients = [socket.create_connection(address) for _ in range(20)]
    for client in clients:
        client.sendall(b"here")
    listener.close()
    taking.start()
    await taking.stop()
    for client in clients:
        client.settimeout(60)
        assert await asyncio.to_thread(client.recv, 10) == b"here"
        client.close()


async def test_a_connection_that_was_taken_is_served_after_the_stop(listener: socket.socket) -> None:
    """Nobody is dropped between being taken and being heard."""
    taking = Acceptor(listener.dup(), Echo)
    with socket.create_connection(listener.getsockname()) as client:
        client.setblocking(False)
        taking._take()
        await taking.stop()
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(client, b"here")
        async with asyncio.timeout(60):
            assert await loop.sock_recv(client, 100) == b"here"


async def test_without_room_it_pauses_and_goes_on(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """No descriptor was left: the loop does not spin, and the client that waits is taken later."""
    monkeypatch.setattr(acceptor, "PAUSE_S", 0.05)

    class Full(socket.socket):
        refusals = 0

        def accept(self) -> tuple[socket.socket, object]:
            if Full.refusals < 2:
                Full.refusals += 1
                raise OSError(errno.EMFILE, "Too many open files")
            return super().accept()

    full = Full(fileno=listener.dup().detach())
    taking = Acceptor(full, Echo)
    taking.start()
    client = asyncio.create_task(echoed(listener))
    await until(lambda: Full.refusals == 1)
    assert await client == b"here"
    assert Full.refusals == 2
    await taking.stop()
