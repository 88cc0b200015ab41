"""Takes connections from a socket that several processes share, one at a time.

uvloop takes all that wait at once, so that the process which wakes first would get nearly every client of a burst,
and keep them, since clients keep their connections: of 32, all 32. Here each process takes one and then looks after
those it has; the busier it is, the fewer it takes.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import structlog

PAUSE_S: Final = 1.0
"""How long to take no more when the system has no room for another connection."""
WAITING_MAX: Final = 2_048
"""How many connections that wait are still taken at the end: as many as the socket has room for."""
FIRST_BYTES_S: Final = 0.05
"""How long the last ones have until their first bytes are read; one without any counts as idle, and is closed."""

_log = structlog.get_logger()


class Acceptor:
    """Belongs to the running event loop."""

    def __init__(
        self,
        listener: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        listener.setblocking(False)
        self._listener, self._protocol, self._tls = listener, protocol, tls
        self._loop = asyncio.get_running_loop()
        self._taking: set[asyncio.Task[Any]] = set()
        self._paused: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Take connections from now on."""
        self._loop.add_reader(self._listener, self._take_next)

    async def stop(self) -> None:
        """Take those that wait, and then no more; all that were taken are with their protocols afterwards.

        A busy process has clients that have sent their requests and were not taken yet. When the last process closes
        the socket, the system resets their connections, and nobody knows what became of their requests.
        """
        if self._paused is not None:
            self._paused.cancel()
        self._loop.remove_reader(self._listener)
        taken = 0
        with suppress(OSError):  # no room for another one
            while taken < WAITING_MAX and self._take():
                taken += 1
        self._listener.close()
        await asyncio.gather(*self._taking, return_exceptions=True)
        if taken > 0:
            await asyncio.sleep(FIRST_BYTES_S)

    def _take_next(self) -> None:
        try:
            self._take()
        except OSError as error:
            # The socket stays readable: to go on would be to spin.
            _log.warning("connection_not_taken", error=error.strerror)
            self._loop.remove_reader(self._listener)
            self._paused = self._loop.call_later(PAUSE_S, self.start)

    def _take(self) -> bool:
        """Take a connection; false when none waits: another process was quicker, or the client has gone."""
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connecting = self._loop.connect_accepted_socket(self._protocol, connection, ssl=self._tls)
        task = self._loop.create_task(connecting)
        self._taking.add(task)
        task.add_done_callback(self._taken)
        return True

    def _taken(self, task: "asyncio.Task[Any]") -> None:
        self._taking.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("connection_not_taken", error=type(error).__name__)
