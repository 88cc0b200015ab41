"""A transport in memory that holds a protocol to what asyncio's own transports ask of it."""

import asyncio
import socket
from typing import Any, Final

HIGH_WATER_BYTES: Final = 64 << 10
"""How much may be unsent before the protocol is asked to pause, as in asyncio."""
PAUSED_BYTES_MAX: Final = 1_024
"""What a protocol may still write when it was asked to pause: the end of a chunk, or `100 Continue`."""


class _Socket:
    """What uvicorn asks a TCP socket for."""

    family = socket.AF_INET

    def getpeername(self) -> tuple[str, int]:
        return ("127.0.0.1", 50_000)

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 80)

    def setsockopt(self, *_: object) -> None:
        """Take any option."""


class MemoryTransport(asyncio.Transport):
    """Keeps what a protocol writes. `faults` are those of the protocol against its transport."""

    def __init__(self, protocol: asyncio.Protocol, *, reads: bool = True, keeps: bool = True) -> None:
        """A client that does not read lets the transport ask its protocol to pause.

        What is not kept is counted alone.
        """
        super().__init__()
        self._protocol, self._reads, self._keeps = protocol, reads, keeps
        self._ended = self._closing = self._lost = self._paused = self._write_paused = False
        self.written = bytearray()
        self.unsent_bytes = self.unsent_bytes_max = 0
        self.faults: list[str] = []
        self._high_water_bytes = HIGH_WATER_BYTES

    # What the client sees and does

    @property
    def is_open(self) -> bool:
        """Whether the client has not seen the end of what the server writes."""
        return not (self._ended or self._closing)

    @property
    def is_lost(self) -> bool:
        """Whether the protocol was told that nothing goes on."""
        return self._lost

    @property
    def takes_input(self) -> bool:
        """Whether the protocol wants to be given more."""
        return not (self._paused or self._closing)

    def give(self, data: bytes | memoryview) -> bytes | memoryview:
        """Let bytes arrive, as asyncio gives them to a protocol of this kind; what has to wait is given back.

        It is not copied for that: it would count as memory that the protocol takes.
        """
        protocol: object = self._protocol
        if not isinstance(protocol, asyncio.BufferedProtocol):
            self._protocol.data_received(bytes(data))
            return b""
        data = memoryview(data)
        while data and self.takes_input:
            room = memoryview(protocol.get_buffer(len(data)))
            size = min(len(data), len(room))
            room[:size] = data[:size]
            data = data[size:]
            protocol.buffer_updated(size)
        return data

    def read_all(self) -> None:
        """Read, from now on, all that is written."""
        self._reads, self.unsent_bytes = True, 0
        if self._write_paused:
            self._write_paused = False
            self._protocol.resume_writing()
        if self._closing:
            self._lose(None)

    def lose(self) -> None:
        """Reset the connection, as a client that goes away does."""
        self._closing = True
        self._lose(ConnectionResetError())

    # What the protocol calls

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"socket": _Socket(), "peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 80)}.get(
            name, default
        )

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing or self._ended:
            if not self._lost:
                self.faults.append(f"{len(data)} bytes written behind the end")
            return
        if self._write_paused and len(data) > PAUSED_BYTES_MAX:
            self.faults.append(f"{len(data)} bytes written while paused")
        if self._keeps:
            self.written += data
        if not self._reads:
            self._hold(len(data))

    def write_eof(self) -> None:
        self._ended = True

    def can_write_eof(self) -> bool:
        return True

    def is_closing(self) -> bool:
        return self._closing

    def is_reading(self) -> bool:
        return self.takes_input

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Ask to pause earlier or later."""
        self._high_water_bytes = HIGH_WATER_BYTES if high is None else high

    def get_write_buffer_size(self) -> int:
        return self.unsent_bytes

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            if self.unsent_bytes == 0:
                self._lose(None)

    def abort(self) -> None:
        self._closing = True
        self._lose(None)

    def _hold(self, size: int) -> None:
        self.unsent_bytes += size
        self.unsent_bytes_max = max(self.unsent_bytes_max, self.unsent_bytes)
        if self.unsent_bytes > self._high_water_bytes and not self._write_paused:
            self._write_paused = True
            self._protocol.pause_writing()

    def _lose(self, error: Exception | None) -> None:
        if not self._lost:
            self._lost = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, error)
