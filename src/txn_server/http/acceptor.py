"""Takes connections from a socket that several processes share, one at a time.

uvloop takes all that wait at once, so that the process which wakes first would get nearly every client of a burst,
and keep them, since clients keep their connections: of 32, all 32. Here each process takes one and then looks after
those it has; the busier it is, the fewer it takes.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final

import structlog

PAUSE_S: Final = 1.0
"""How long to take no more when the system has no room for another connection."""

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
        self._loop.add_reader(self._listener, self._take)

    async def stop(self) -> None:
        """Take no more; those that were taken are with their protocols afterwards."""
        if self._paused is not None:
            self._paused.cancel()
        self._loop.remove_reader(self._listener)
        self._listener.close()
        await asyncio.gather(*self._taking, return_exceptions=True)

    def _take(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another process was quicker, or the client has gone
        except OSError as error:
            # The socket stays readable: to go on would be to spin.
            _log.warning("connection_not_taken", error=error.strerror)
            self._loop.remove_reader(self._listener)
            self._paused = self._loop.call_later(PAUSE_S, self.start)
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connecting = self._loop.connect_accepted_socket(self._protocol, connection, ssl=self._tls)
        task = self._loop.create_task(connecting)
        self._taking.add(task)
        task.add_done_callback(self._taken)

    def _taken(self, task: "asyncio.Task[Any]") -> None:
        self._taking.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("connection_not_taken", error=type(error).__name__)
