"""Connections of memory between the code that is measured and the measure."""

import asyncio
import socket
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, Final, Protocol

from bench.counted.work import Work

READ_BYTES_MAX: Final = 256_000
"""As much as uvloop reads of a connection in a turn; a buffered protocol says how much itself."""
UNREAD_BYTES_MAX: Final = 64 << 10  # beyond it a protocol is told to pause, as by default (asyncio, uvloop)


class Far(Protocol):
    """The measure's end of a connection. What it does is not counted."""

    def came(self, data: bytes) -> None:
        """Bytes were written, at this very moment."""

    def was_read(self) -> None:
        """All that was fed was read."""

    def closed(self) -> None:
        """The connection was closed from the other end."""


class Link(asyncio.Transport):
    """A connection as a protocol sees it; its far end sends by `feed`, and reads unless `reading` is false."""

    far: Far

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Work,
        protocol: asyncio.Protocol,
        connected: socket.socket | None = None,
    ) -> None:
        super().__init__()
        self._loop, self._work, self._connected = loop, work, connected
        self._protocol: Any = protocol
        self._inbox = bytearray()
        self._unread = bytearray()
        self._paused = self._closing = self._held = self._due = False
        self.reading = True
        self.bytes_read = 0
        self._socket = SimpleNamespace(
            family=socket.AF_INET,
            type=socket.SOCK_STREAM,
            fileno=lambda: -1,
            getpeername=lambda: ("127.0.0.1", 50_000),
            getsockname=lambda: ("127.0.0.1", 80),
            setsockopt=lambda *_: None,
        )

    # The far end's

    def feed(self, data: bytes) -> None:
        """Send: the protocol reads it in a turn of the loop that begins after this moment."""
        self._inbox += data
        self._read_soon()

    def read_on(self) -> None:
        """Read what was not read, and all that comes."""
        self.reading = True
        unread, self._unread = bytes(self._unread), bytearray()
        if unread:
            self.far.came(unread)
        if self._held:
            self._held = False
            self._loop.call_soon(self._protocol.resume_writing)

    def hang_up(self) -> None:
        """End the connection from the far end."""
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._lose)

    def _read_soon(self) -> None:
        if self._inbox and not (self._due or self._paused or self._closing):
            self._due = True
            self._loop.call_at(
                self._loop.time(), self._read
            )  # a timer that is due: where a turn has what was received

    def _read(self) -> None:
        self._due = False
        if self._paused or self._closing or not self._inbox:
            return
        self.bytes_read += self._give(self._protocol)
        if not self._inbox:
            self._work.aside(self.far.was_read)
        self._read_soon()

    def _give(self, protocol: asyncio.BaseProtocol) -> int:
        """Let a protocol read once; gives the number of bytes."""
        if isinstance(protocol, asyncio.BufferedProtocol):
            buffer: Any = protocol.get_buffer(-1)
            size = min(len(self._inbox), len(buffer))
            buffer[:size] = self._inbox[:size]
            del self._inbox[:size]
            protocol.buffer_updated(size)
            return size
        assert isinstance(protocol, asyncio.Protocol)
        data = bytes(self._inbox[:READ_BYTES_MAX])
        del self._inbox[:READ_BYTES_MAX]
        protocol.data_received(data)
        return len(data)

    def _lose(self) -> None:
        if self._connected is not None:
            self._connected.close()
        self._protocol.connection_lost(None)

    # asyncio.Transport

    def write(self, data: Any) -> None:
        """Let the far end have it, or keep it until that reads."""
        if self._closing:
            return
        if self.reading:
            self._work.aside(self.far.came, bytes(data))
            return
        self._unread += data
        if len(self._unread) > UNREAD_BYTES_MAX and not self._held:
            self._held = True
            self._protocol.pause_writing()

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        """All in one."""
        self.write(b"".join(list_of_data))

    def pause_reading(self) -> None:
        """Leave what comes where it is."""
        self._paused = True

    def resume_reading(self) -> None:
        """Read what came meanwhile, in the next turn."""
        self._paused = False
        self._read_soon()

    def is_reading(self) -> bool:
        """Whether what comes is read."""
        return not self._paused

    def is_closing(self) -> bool:
        """Whether the connection has ended."""
        return self._closing

    def close(self) -> None:
        """End it."""
        if not self._closing:
            self.hang_up()
            self._work.aside(self.far.closed)

    def abort(self) -> None:
        """End it."""
        self.close()

    def can_write_eof(self) -> bool:
        """As TCP."""
        return True

    def write_eof(self) -> None:
        """No far end cares."""

    def get_write_buffer_size(self) -> int:
        """What the far end has not read."""
        return len(self._unread)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Always the same."""
        return UNREAD_BYTES_MAX // 4, UNREAD_BYTES_MAX

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Left as they are."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As much of a socket as is asked for."""
        known = {"socket": self._socket, "peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 80)}
        return known.get(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Read by another protocol from now on."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Who reads."""
        protocol: asyncio.BaseProtocol = self._protocol
        return protocol
