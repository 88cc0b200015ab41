"""What one connection costs the process: shapes of what a client without a key may send, and what they take."""

import asyncio
import gc
import itertools
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

import uvicorn
from uvicorn.server import ServerState

from tests.http.application import Site
from tests.http.transport import MemoryTransport
from txn_api.edge.buffered_request import EXTENSION, BufferedRequests
from txn_server.http.connection import READ_BYTES_MAX_UNKNOWN, Connection
from txn_server.http.lines import FIELDS_MAX

PIECE_BYTES: Final = 64 << 10
READ_BYTES: Final = READ_BYTES_MAX_UNKNOWN
STUCK_TURNS: Final = 200
"""Turns of the event loop after which a paused connection will not go on by itself."""
END_S_MAX: Final = 10.0
_GET: Final = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"
_POST: Final = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
_NO_KEY: Final = b"Authorization: Bearer txn_%b_%b\r\n" % (b"0" * 16, b"9" * 64)
_CHUNKED: Final = b"Transfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Shape:
    """`start` once, and then `more` over and over, in packets of 64 KiB; the client reads answers or not."""

    start: bytes
    more: bytes = b""
    reads: bool = True
    start_bytes: int = PIECE_BYTES
    """How much of `start` comes at a time."""

    def pieces(self, total: int) -> Iterator[bytes]:
        """What arrives, so many bytes in all."""
        for place in range(0, len(self.start), self.start_bytes):
            yield self.start[place : place + self.start_bytes]
        if self.more:
            piece = self.more * max(1, PIECE_BYTES // len(self.more))
            yield from itertools.repeat(piece, max(1, total // len(piece)))


def _post(path: bytes, framing: bytes = _CHUNKED) -> bytes:
    return _POST % path + framing


SHAPES: Final[dict[str, Shape]] = {
    "idle": Shape(b""),
    "the beginning of a head": Shape(b"GET / HT"),
    "a head just under the bound": Shape(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"v" * 16_000),
    "a head just under the bound, byte by byte": Shape(
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"v" * 16_000, start_bytes=1
    ),
    "heads just under the bound": Shape(b"", b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"v" * 16_000 + b"\r\n\r\n"),
    "a target without end": Shape(b"GET /", b"a"),
    "a field without end": Shape(b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"v"),
    "fields without end": Shape(b"GET / HTTP/1.1\r\nHost: x\r\n", b"a:b\r\n"),
    "folds without end": Shape(b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n", b" b\r\n"),
    "most fields that may be": Shape(b"", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a:b\r\n" * (FIELDS_MAX - 1) + b"\r\n"),
    "an extension without end": Shape(_post(b"/transactions") + b"5;", b"x"),
    "a chunk size without end": Shape(_post(b"/transactions"), b"0"),
    "many trailers": Shape(_post(b"/transactions") + b"0\r\n", b"a:b\r\n"),
    "a long trailer": Shape(_post(b"/transactions") + b"0\r\nX: ", b"v"),
    "trailers of a route that reads": Shape(_post(b"/transactions/search") + b"0\r\n", b"X-Y: z\r\n"),
    "chunks of one byte that nobody reads": Shape(_post(b"/nowhere"), b"1\r\nx\r\n"),
    "chunks with extensions that nobody reads": Shape(_post(b"/nowhere"), b"1;" + b"e" * 30_000 + b"\r\nx\r\n"),
    "a body that nobody reads": Shape(_post(b"/nowhere", b"Content-Length: 100000000\r\n\r\n"), b"x"),
    "a body that is refused": Shape(_post(b"/transactions", b"Content-Length: 100000000\r\n\r\n"), b"x"),
    "an upload that is refused": Shape(_post(b"/transactions/bulk"), b"400\r\n" + b"x" * 1_024 + b"\r\n"),
    "a body that would be held": Shape(_post(b"/transactions", b"Content-Length: 65000\r\n\r\n"), b"x"),
    "a body that would be held, a little of it": Shape(
        _post(b"/transactions", b"Content-Length: 65000\r\n\r\n") + b"x" * 40_000
    ),
    "bodies that would be held": Shape(
        b"", _post(b"/transactions", b"Content-Length: 65000\r\n\r\n") + b"x" * 65_000
    ),
    "a body with a key that is none": Shape(
        _post(b"/transactions", _NO_KEY + b"Content-Length: 9000000\r\n\r\n"), b"x"
    ),
    "an upload with a key that is none": Shape(
        _post(b"/transactions/bulk", _NO_KEY + _CHUNKED), b"400\r\n" + b"x" * 1_024 + b"\r\n"
    ),
    "a search with a key that is none": Shape(
        _post(b"/transactions/search", _NO_KEY + b"Content-Length: 65000\r\n\r\n") + b"x" * 40_000
    ),
    "a signature without a key": Shape(
        _post(b"/transactions", b"Signature: t=1\r\nContent-Length: 65000\r\n\r\n") + b"x" * 60_000
    ),
    "credentials of any length": Shape(
        b"", b"GET /merchants HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + b"a.b" * 5_000 + b"\r\n\r\n"
    ),
    "queries of any length": Shape(b"", _GET % (b"/transactions?a=" + b"1+" * 4_000)),
    "a body that waits to go on": Shape(
        _post(b"/transactions", b"Content-Length: 9000000\r\nExpect: 100-continue\r\n\r\n")
    ),
    "lines that are kept, and answers that are not read": Shape(
        b"".join(
            b"GET /healthz HTTP/1.1\r\nHost: x\r\n%b\r\n" % b"".join(b"X-%d: %0230d\r\n" % (at, at) for at in part)
            for part in (range(60), range(60, 120))
        ),
        _GET % b"/healthz",
        reads=False,
    ),
    "garbage": Shape(b"", b"\x16\x03\x01\x02"),
    "requests": Shape(b"", _GET % b"/healthz"),
    "requests whose answers are not read": Shape(b"", _GET % b"/healthz", reads=False),
    "refusals that are not read": Shape(b"", _post(b"/transactions", b"Content-Length: 0\r\n\r\n"), reads=False),
    "pages that are not read": Shape(b"", _GET % b"/", reads=False),
    "the document, not read": Shape(b"", _GET % b"/openapi.json", reads=False),
    "metrics that are not read": Shape(b"", _GET % b"/metrics", reads=False),
    "a large file that is not read": Shape(b"", _GET % b"/docs/swagger-ui-bundle.js", reads=False),
    "a large file again and again": Shape(20 * (_GET % b"/docs/swagger-ui-bundle.js")),
    "old requests that are not read": Shape(b"GET /openapi.json HTTP/1.0\r\n\r\n", reads=False),
    "offers": Shape(
        b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", reads=False
    ),
}


def _reads(piece: bytes) -> Iterator[memoryview]:
    """A packet as the event loop has it read, with a step of the loop between two reads; nothing is copied."""
    whole = memoryview(piece)
    return (whole[place : place + READ_BYTES] for place in range(0, len(piece), READ_BYTES))


class Memory(NamedTuple):
    """Bytes: what a connection holds between two steps of the event loop, and the most within a step.

    What is held counts for each connection. What is gone at a step's end counts once for all of them.
    """

    held: int
    at_most: int


class Meter:
    """Plays shapes to connections, on the event loop that runs."""

    def __init__(self, site: Site, connection: type[asyncio.Protocol] = Connection) -> None:
        """Measure our connection, or another one that uvicorn serves."""
        config = uvicorn.Config(
            site.app, http=connection, ws="none", lifespan="off", log_config=None, proxy_headers=False
        )
        config.load()
        self._state = ServerState()
        make: Any = connection
        shared = {EXTENSION: BufferedRequests(cast("Any", site.app))}
        self._make: Callable[[], asyncio.Protocol] = lambda: make(config, self._state, shared)
        self._most_held = 0

    async def memory(self, shape: Shape, total: int) -> Memory:
        """The most memory that a connection takes while it is sent so much; what it does not send counts as well."""
        pieces = list(shape.pieces(total))
        await self._play(shape, pieces)  # so that what is made once is there
        gc.collect()
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            self._most_held = before
            await self._play(shape, pieces)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        return Memory(self._most_held - before, most - before)

    async def cpu_s(self, shape: Shape, total: int) -> float:
        """CPU seconds for so many bytes, the best of some."""
        return min([await self._timed(shape, total) for _ in range(3)])

    async def _timed(self, shape: Shape, total: int) -> float:
        pieces = list(shape.pieces(total))
        began = time.process_time()
        await self._play(shape, pieces)
        return time.process_time() - began

    async def _play(self, shape: Shape, pieces: Iterable[bytes]) -> MemoryTransport:
        connection = self._make()
        transport = MemoryTransport(connection, reads=shape.reads, keeps=False)
        connection.connection_made(transport)
        for piece in (part for packet in pieces for part in _reads(packet)):
            while piece and not transport.is_lost:
                await self._turns(transport, lambda: transport.takes_input or transport.is_lost)
                if not transport.takes_input:
                    break
                piece = memoryview(transport.give(piece))  # noqa: PLW2901 - what is left of it
                self._look(transport)
        await self._turns(transport, lambda: False)
        transport.lose()
        async with asyncio.timeout(END_S_MAX):
            while self._state.tasks or self._state.connections:  # noqa: ASYNC110 - a thread may still read a file
                await asyncio.sleep(0.001)
        return transport

    async def _turns(
        self, transport: MemoryTransport, condition: Callable[[], bool], turns: int = STUCK_TURNS
    ) -> None:
        """Let the loop run until something holds, or so many turns have passed."""
        for _ in range(turns):
            self._look(transport)
            await asyncio.sleep(0)
            self._look(transport)
            if condition():
                return

    def _look(self, transport: MemoryTransport) -> None:
        """Take down what is held; the system has it of a client that reads, and the transport of any other."""
        if tracemalloc.is_tracing():
            held, _ = tracemalloc.get_traced_memory()
            self._most_held = max(self._most_held, held + transport.unsent_bytes)
