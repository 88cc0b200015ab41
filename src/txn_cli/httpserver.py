"""The HTTP server of the API: uvicorn on uvloop and httptools, with connections of our own."""

import math
import signal
import socket
import sys
from collections.abc import Callable
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from txn_cli.fleet.acceptor import Acceptor
from txn_cli.http_connection import Connection, Patience
from txn_cli.tls import context_factory
from txn_core.collector import spare_the_collector
from txn_core.settings import Settings

CONNECTIONS_PER_REQUEST_MAX: Final = 2
"""Idle connections may be as many as busy ones; the application itself answers requests beyond its bound."""


class _Server(uvicorn.Server):
    """Tells the application when it stops listening, before it waits for the requests in flight."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None], listener: socket.socket | None) -> None:
        super().__init__(config)
        self._on_stop = on_stop
        self._listener = listener
        self._acceptor: Acceptor | None = None
        self._patience = Patience(self.server_state.connections)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, and listen; a socket that others share is left to the acceptor."""
        if self._listener is None:
            await super().startup(sockets)
        else:
            await super().startup([])
            self._acceptor = Acceptor(self._listener, self._connection, self.config.ssl)
            self._acceptor.start()
        self._patience.start()
        spare_the_collector()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening and wait for the requests in flight."""
        self._on_stop()
        if self._acceptor is not None:
            await self._acceptor.stop()
        await super().shutdown(sockets)
        self._patience.stop()

    def _connection(self) -> Connection:
        return Connection(self.config, self.server_state, self.lifespan.state)


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
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,  # ours is set up already
        access_log=False,  # the application logs requests, without what clients wrote
        server_header=False,
        proxy_headers=False,
        ssl_context_factory=context_factory(settings),
        limit_concurrency=settings.api_concurrency_max * CONNECTIONS_PER_REQUEST_MAX,
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
