"""The HTTP server of the API: uvicorn on uvloop and httptools, with connections of our own."""

import math
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.lifespan.on import LifespanOn

from txn_api.edge.buffered_request import EXTENSION, BufferedRequests
from txn_core.exceptions import ServingError
from txn_core.settings import Settings
from txn_core.startup import freeze_startup_objects
from txn_server.http.acceptor import Acceptor
from txn_server.http.connection import Connection, Patience
from txn_server.http.listener import listening
from txn_server.http.tls import context_factory

CONNECTIONS_PER_REQUEST_MAX: Final = 2
"""Idle connections may be as many as busy ones; the application itself answers requests beyond its bound."""


class _Lifespan(LifespanOn):
    """Keeps why the application did not start, for one line; uvicorn's own would log a traceback with texts."""

    failure: Exception | None = None

    async def main(self) -> None:
        """Run the application's own beginning and end."""
        scope: Any = {
            "type": "lifespan",
            "asgi": {"version": self.config.asgi_version, "spec_version": "2.0"},
            "state": self.state,
            "extensions": {EXTENSION: self.state.setdefault(EXTENSION, BufferedRequests())},
        }
        try:
            await self.config.loaded_app(scope, self.receive, self.send)
        except Exception as error:  # noqa: BLE001 - whoever runs the server raises it
            self.error_occurred, self.failure = True, error
        finally:
            self.startup_event.set()
            self.shutdown_event.set()

    async def send(self, message: Any) -> None:
        """Take what the application says of its beginning or end, without a traceback."""
        await super().send({key: value for key, value in message.items() if key != "message"})  # type: ignore[arg-type]


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
        freeze_startup_objects()

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

    Raises:
        ServingError: the port is taken.
        Exception: the application's own, when it does not start.
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
    config.load()
    config.lifespan_class = _Lifespan
    try:
        server.run()
    except SystemExit:
        if server.started:
            raise
    if not server.started:
        _say_why(server, settings, alone=listener is None)


def _say_why(server: _Server, settings: Settings, *, alone: bool) -> None:
    """Raise what kept a server from starting."""
    lifespan = vars(server).get("lifespan")  # once it has begun to start
    if isinstance(lifespan, _Lifespan) and lifespan.failure is not None:
        raise lifespan.failure
    if alone:
        listening(settings.api_host, settings.api_port).close()
    raise ServingError("the API did not start: its log says why")


def _end_quietly(number: int, frame: object) -> None:  # noqa: ARG001 - what a signal handler is given
    """What is left to do at a signal that comes before or after serving: end."""
    sys.exit(0)
