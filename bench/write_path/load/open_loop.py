"""An open loop: requests leave when they are due, whatever became of those before them.

A closed loop such as wrk sends less while the server is slow, and so overlooks what would have come meanwhile.
Here a latency counts from the moment at which its request was due, also when it had to wait for a connection.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

from httptools import HttpResponseParser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STEP_S: Final = 0.001  # what is due within a step leaves at its end: a timer a request would cost more than it
LOST: Final = 0  # the status of a request whose connection broke
_CONNECTS_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What a request got: a status, so many seconds after it was due."""

    status: int
    latency_s: float


class Pool:
    """Connections to one server, each with one request at a time; what finds none free waits in line."""

    def __init__(self) -> None:
        self.answers: list[HttpReply] = []
        self.under_way = 0
        self.late_s_max = 0.0  # how late a request was handed over: what this process itself adds to latencies
        self.settled = asyncio.Event()
        self._free: list[_Connection] = []
        self._waiting: deque[tuple[float, bytes]] = deque()

    def send(self, due: float, request: bytes) -> None:
        """Send a request that is due at this time of `time.perf_counter`."""
        self.under_way += 1
        self.late_s_max = max(self.late_s_max, time.perf_counter() - due)
        self.settled.clear()
        if self._free:
            self._free.pop().send(due, request)
        else:
            self._waiting.append((due, request))

    def take(self) -> list[HttpReply]:
        """The answers that have come since the last time; lateness begins at zero again, too."""
        answers, self.answers = self.answers, []
        self.late_s_max = 0.0
        return answers

    def free(self, connection: "_Connection") -> None:
        """Use a connection for what waits, or keep it."""
        if self._waiting:
            connection.send(*self._waiting.popleft())
        else:
            self._free.append(connection)

    def answered(self, status: int, due: float) -> None:
        """Note an answer."""
        self.answers.append(HttpReply(status, time.perf_counter() - due))
        self.under_way -= 1
        if not self.under_way:
            self.settled.set()

    def forget(self, connection: "_Connection") -> None:
        """Use a connection no more."""
        if connection in self._free:
            self._free.remove(connection)


@asynccontextmanager
async def connected(base: str, connections: int) -> "AsyncIterator[Pool]":
    """A pool of open connections to a server; they are cut at the end, answered or not."""
    loop, pool = asyncio.get_running_loop(), Pool()
    host, _, port = urlsplit(base).netloc.partition(":")
    opened: list[_Connection] = []
    try:
        for first in range(0, connections, _CONNECTS_AT_ONCE):
            count = min(_CONNECTS_AT_ONCE, connections - first)
            pairs = await asyncio.gather(
                *(loop.create_connection(lambda: _Connection(pool), host, int(port)) for _ in range(count))
            )
            opened += [connection for _, connection in pairs]
        yield pool
    finally:
        for connection in opened:
            connection.cut()


async def fire(shots: Iterable[tuple[Pool, bytes]], *, rate_per_s: float, seconds: float) -> None:
    """Send requests, each through its pool, evenly at a rate for so long; their answers are not waited for."""
    began = time.perf_counter()
    for number, (pool, request) in zip(range(int(rate_per_s * seconds)), shots, strict=False):
        due = began + number / rate_per_s
        if (wait_s := due - time.perf_counter()) > 0:
            await asyncio.sleep(max(wait_s, STEP_S))
        pool.send(due, request)


def posts(url: str, headers: dict[str, str], bodies: Iterable[bytes]) -> Iterator[bytes]:
    """POST requests of JSON bodies, ready to be sent."""
    parts = urlsplit(url)
    lines = [f"{name}: {value}" for name, value in ({"Host": parts.netloc, **headers}).items()]
    head = "\r\n".join([f"POST {parts.path} HTTP/1.1", *lines, "Content-Type: application/json"]).encode()
    for body in bodies:
        yield head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


class _Connection(asyncio.Protocol):
    """One connection."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._parser = HttpResponseParser(self)
        self._due: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be free."""
        self._transport = cast("asyncio.Transport", transport)
        self._pool.free(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """What was asked for will have no answer."""
        self._transport = None
        self._pool.forget(self)
        if self._due is not None:
            self._pool.answered(LOST, self._due)
            self._due = None

    def data_received(self, data: bytes) -> None:
        """Look for the answer's end."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Note the answer and be free for the next request."""
        status, self._parser = self._parser.get_status_code(), HttpResponseParser(self)
        if self._due is not None:
            self._pool.answered(status, self._due)
            self._due = None
            self._pool.free(self)

    def send(self, due: float, request: bytes) -> None:
        """Send a request; the connection is free."""
        self._due = due
        if self._transport is not None:
            self._transport.write(request)

    def cut(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()
