"""The open loop against a server on a free port that answers when it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle
from typing import Final, cast

from bench.write_path.load.open_loop import LOST, Pool, connected, fire, posts

ACCEPTED: Final = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok"


class _Server:
    """Answers each read of a request, once it is open."""

    def __init__(self) -> None:
        self.answer = ACCEPTED
        self.open = True
        self.asked: list[asyncio.Transport] = []
        self.connections = 0
        self.left = asyncio.Event()

    def let_in(self) -> None:
        """Answer what waits, and all that comes."""
        self.open = True
        for transport in self.asked:
            self.answer_to(transport)

    def answer_to(self, transport: asyncio.Transport) -> None:
        """Answer, or close when there is no answer."""
        if self.answer:
            transport.write(self.answer)
        else:
            transport.close()


class _Connection(asyncio.Protocol):
    def __init__(self, server: _Server) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._server.connections += 1
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._server.open:
            self._server.answer_to(self._transport)
        else:
            self._server.asked.append(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections -= 1
        if not self._server.connections:
            self._server.left.set()


@asynccontextmanager
async def _served(connections: int) -> AsyncIterator[tuple[_Server, Pool]]:
    """A server and so many connections to it; all of them are gone at the end."""
    server = _Server()
    listener = await asyncio.get_running_loop().create_server(lambda: _Connection(server), "127.0.0.1", 0)
    base = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with asyncio.timeout(10):
        async with connected(base, connections) as pool:
            yield server, pool
        await server.left.wait()
    listener.close()


def test_a_post_is_sent_with_its_headers_and_length() -> None:
    """Nothing is left to do when it is due."""
    (request,) = posts("http://127.0.0.1:9/transactions", {"Authorization": "Bearer k"}, [b"{}"])
    head, _, body = request.partition(b"\r\n\r\n")
    assert body == b"{}"
    assert head.split(b"\r\n") == [
        b"POST /transactions HTTP/1.1",
        b"Host: 127.0.0.1:9",
        b"Authorization: Bearer k",
        b"Content-Type: application/json",
        b"Content-Length: 2",
    ]


async def test_all_that_is_due_is_sent_and_answered() -> None:
    """At a rate for a time, whatever there is to send repeated."""
    async with _served(connections=4) as (_, pool):
        await fire(cycle([(pool, b"x")]), rate_per_s=1_000, seconds=0.05)
        await pool.settled.wait()
        assert [answer.status for answer in pool.take()] == [202] * 50
        assert pool.take() == []


async def test_a_request_that_waits_for_a_connection_is_timed_from_when_it_was_due() -> None:
    """The wait is the server's doing, and a user's too."""
    async with _served(connections=1) as (server, pool):
        server.open = False
        await fire(cycle([(pool, b"x")]), rate_per_s=1_000, seconds=0.01)
        assert pool.under_way == 10
        await asyncio.sleep(0.05)  # so long the server keeps still, and none of them is answered sooner
        server.let_in()
        await pool.settled.wait()
        answers = pool.take()
        assert len(answers) == 10
        assert min(answer.latency_s for answer in answers) >= 0.05


async def test_a_broken_connection_is_told_and_not_used_again() -> None:
    """Its request has no answer; the next one takes another connection."""
    async with _served(connections=2) as (server, pool):
        server.answer = b""
        await fire([(pool, b"x")], rate_per_s=1_000, seconds=0.001)
        await pool.settled.wait()
        assert [answer.status for answer in pool.take()] == [LOST]
        server.answer = ACCEPTED
        await fire([(pool, b"x")], rate_per_s=1_000, seconds=0.001)
        await pool.settled.wait()
        assert [answer.status for answer in pool.take()] == [202]


async def test_pools_do_not_hold_each_other_up() -> None:
    """What waits in one leaves the connections of the other alone."""
    async with _served(connections=1) as (server, silent), _served(connections=1) as (_, answering):
        server.open = False
        await fire(cycle([(silent, b"x"), (answering, b"x")]), rate_per_s=1_000, seconds=0.02)
        await answering.settled.wait()
        assert len(answering.take()) == 10
        assert silent.under_way == 10
