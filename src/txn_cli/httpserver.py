"""The HTTP server of the API: uvicorn on uvloop and httptools, with the bounds that those two leave open.

Neither limits how large a request's head grows or how long it takes to arrive, so that a few clients that never
finish theirs could hold memory and connections for good. An unfinished head is cut off here by size and by time.
"""

import asyncio
import json
import math
import signal
import socket
import sys
from collections.abc import Callable
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from txn_cli.fleet.acceptor import Acceptor
from txn_cli.tls import context_factory
from txn_core.collector import spare_the_collector
from txn_core.settings import Settings

HEAD_BYTES_MAX: Final = 64 << 10
HEAD_DEADLINE_S: Final = 30.0
KEEP_ALIVE_S: Final = 75
"""Longer than load balancers keep idle connections (AWS: 60), lest they send on one that is just being closed."""
UNACKNOWLEDGED_MS_MAX: Final = 60_000
"""How long sent bytes may wait for a client that reads nothing; closing the connection alone would wait for ever."""
"""New objects after which the collector looks for cycles among them: some ten megabytes at most."""
CONNECTIONS_PER_REQUEST_MAX: Final = 2
"""Idle connections may be as many as busy ones; the application itself answers requests beyond its bound."""


class BoundedHead(HttpToolsProtocol):
    """One connection. A head is a request's first line and headers."""

    _unfinished_bytes = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Expect the first head."""
        super().connection_made(transport)
        if (option := getattr(socket, "TCP_USER_TIMEOUT", None)) is not None:  # Linux
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.IPPROTO_TCP, option, UNACKNOWLEDGED_MS_MAX)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Parse, and look at how large a head is that is still unfinished."""
        super().data_received(data)
        if self._deadline is not None:
            self._unfinished_bytes += len(data)
            if self._unfinished_bytes > HEAD_BYTES_MAX:
                self._refuse(431, "head_too_large", "Request header fields too large")

    def on_message_begin(self) -> None:
        """Expect the rest of this head."""
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._head_ended()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more is expected."""
        self._head_ended()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's word for it is not ours
        """Answer bytes that are not HTTP, without a word of them."""
        self._refuse(400, "malformed_http", "Malformed HTTP request")

    def _expect_head(self) -> None:
        if self._deadline is None:
            self._unfinished_bytes = 0
            self._deadline = self.loop.call_later(HEAD_DEADLINE_S, self.transport.close)

    def _head_ended(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: int, code: str, title: str) -> None:
        problem = {"type": f"/problems/{code}", "title": title, "status": status, "code": code}
        body = json.dumps(problem).encode()
        head = f"HTTP/1.1 {status} {title}\r\ncontent-type: application/problem+json\r\nconnection: close\r\n"
        self._head_ended()
        self.transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        self.transport.close()


class _Server(uvicorn.Server):
    """Tells the application when it stops listening, before it waits for the requests in flight."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None], listener: socket.socket | None) -> None:
        super().__init__(config)
        self._on_stop = on_stop
        self._listener = listener
        self._acceptor: Acceptor | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, and listen; a socket that others share is left to the acceptor."""
        if self._listener is None:
            await super().startup(sockets)
        else:
            await super().startup([])
            self._acceptor = Acceptor(self._listener, self._connection, self.config.ssl)
            self._acceptor.start()
        spare_the_collector()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening and wait for the requests in flight."""
        self._on_stop()
        if self._acceptor is not None:
            await self._acceptor.stop()
        await super().shutdown(sockets)

    def _connection(self) -> BoundedHead:
        return BoundedHead(self.config, self.server_state, self.lifespan.state)


def serve(
    app: ASGIApp, settings: Settings, *, on_stop: Callable[[], None], listener: socket.socket | None = None
) -> None:
    """Serve until SIGTERM or SIGINT; then every request in flight is answered, within the shutdown deadline.

    `on_stop` is called first: what goes on by itself, such as an upload, is to come to an end then. A `listener`
    that other processes share stands for the settings' port.

    Exits with a code other than 0 when the application does not start or the port is taken.
    """
    config = uvicorn.Config(
        app,
        host=settings.api_host,
        port=settings.api_port,
        loop="uvloop",
        http=BoundedHead,
        ws="none",
        lifespan="on",
        log_config=None,  # ours is set up already
        access_log=False,  # the application logs requests, without what clients wrote
        server_header=False,
        proxy_headers=False,
        ssl_context_factory=context_factory(settings),
        limit_concurrency=settings.api_concurrency_max * CONNECTIONS_PER_REQUEST_MAX,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=math.ceil(settings.shutdown_deadline_s),
    )
    server = _Server(config, on_stop, listener)
    # uvicorn raises the signals it caught once more after its end; an orderly end is not a death by signal.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end_quietly)
    server.run()
    if not server.started:
        sys.exit(1)


def _end_quietly(number: int, frame: object) -> None:  # noqa: ARG001 - what a signal handler is given
    """What is left to do at a signal that comes before or after serving: end."""
    sys.exit(0)
