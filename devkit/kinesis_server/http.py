"""HTTP/1.1 on a bare asyncio protocol: as little work a request as Python allows.

A connection hands its exchanges to the service one after the other, in the order in which they came: an answer
that is delayed holds back the pipelined requests behind it and nothing else.
"""

import asyncio
import socket
import struct
import time
from collections import deque
from http import HTTPStatus
from typing import Final, Protocol, cast

from httptools import HttpParserError, HttpRequestParser

from devkit.kinesis_server.fates import NORMAL, CallFate

# A PutRecords call of 5 MiB is 7 MiB in base64; streams with larger records take 10 MiB.
BODY_BYTES_MAX: Final = 16 << 20
EXCHANGES_WAITING_MAX: Final = 64
_TARGET_HEADER: Final = b"x-amz-target"
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}


class Exchange:
    """A request, and the way to answer it. The service answers or resets it exactly once."""

    __slots__ = ("_parts", "arrived_s", "body", "connection", "fate", "keep_alive", "path", "size", "target")

    def __init__(self, connection: "Connection") -> None:
        self.connection = connection
        self.path = b""
        self.target = b""  # of the header X-Amz-Target
        self.body = b""
        self.size = 0
        self.arrived_s = 0.0
        self.keep_alive = True
        self.fate: CallFate = NORMAL
        self._parts: list[bytes] = []

    def add(self, part: bytes) -> None:
        """Take the next part of the body."""
        self.size += len(part)
        self._parts.append(part)

    def finish(self, *, keep_alive: bool) -> None:
        """The body is complete."""
        self.keep_alive = keep_alive
        self.arrived_s = time.monotonic()
        self.body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []

    def answer(self, status: int, body: bytes) -> bool:
        """Send the answer; False when the client is gone and nobody will have it."""
        head = b"" if self.keep_alive else b"Connection: close\r\n"
        return self.connection.send(self, _head(status, len(body)) + head + b"\r\n" + body)

    def answer_half(self, status: int, body: bytes) -> None:
        """Send the head and the first half of the body, and end the connection."""
        self.keep_alive = False
        self.connection.send(self, _head(status, len(body)) + b"\r\n" + body[: len(body) // 2])

    def begin(self, content_type: str) -> None:
        """Send the head of an answer whose parts follow by `push`, as chunks (RFC 9112, 7.1), up to `end`."""
        self.connection.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )

    def push(self, part: bytes) -> None:
        """Send the next part of such an answer."""
        self.connection.write(b"%x\r\n%b\r\n" % (len(part), part))

    def end(self) -> None:
        """Such an answer is complete."""
        self.connection.send(self, b"0\r\n\r\n")

    def reset(self) -> None:
        """End the connection with a TCP reset and no answer."""
        self.connection.reset()


class Service(Protocol):
    """Who answers exchanges."""

    def begun(self, exchange: Exchange) -> None:
        """The head was read. The service may reset the exchange now, and is then not asked again."""

    def received(self, exchange: Exchange) -> None:
        """The body was read, and every exchange before it on this connection is over."""


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, service: Service, connections: "set[Connection]") -> None:
        self._service, self._connections = service, connections
        self._parser = HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._reading = Exchange(self)
        self._current: Exchange | None = None
        self._waiting: deque[Exchange] = deque()
        self._advancing = False
        self.gone = asyncio.Event()
        self.writable = asyncio.Event()  # the client reads as fast as it is written to, or is gone
        self.writable.set()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - a lost client is no event
        """Forget what waits: who asked for it is gone. What was begun goes on."""
        self._transport = None
        self._waiting.clear()
        self._connections.discard(self)
        self.gone.set()
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        """Parse what came, then serve as much of it as may be served."""
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self.reset()
            return
        self._advance()

    def pause_writing(self) -> None:
        """The client reads slower than it asks: serve nothing more for now."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self.writable.set()
        self._advance()

    # httptools

    def on_message_begin(self) -> None:
        """A request begins."""
        self._reading = Exchange(self)

    def on_url(self, url: bytes) -> None:
        """The path, perhaps in parts."""
        self._reading.path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, of which one matters."""
        if len(name) == len(_TARGET_HEADER) and name.lower() == _TARGET_HEADER:
            self._reading.target = value

    def on_headers_complete(self) -> None:
        """The head is complete."""
        if self._transport is not None:
            self._service.begun(self._reading)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._reading.add(body)
        if self._reading.size > BODY_BYTES_MAX:
            self.reset()

    def on_message_complete(self) -> None:
        """The request is complete."""
        if self._transport is not None:
            self._reading.finish(keep_alive=self._parser.should_keep_alive())
            self._waiting.append(self._reading)

    # Exchange

    def write(self, part: bytes) -> None:
        """Send a part of an answer that goes on."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(part)

    def send(self, exchange: Exchange, answer: bytes) -> bool:
        """Send an exchange's answer and go on to the next one."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        transport.write(answer)
        self._current = None
        if not exchange.keep_alive:
            transport.close()
        elif not self._advancing:
            self._advance()
        return True

    def reset(self) -> None:
        """Drop the connection with a reset, so that the client does not take it for an orderly end."""
        if self._transport is not None:
            tcp = self._transport.get_extra_info("socket")
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.drop()

    def drop(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
            self._waiting.clear()

    def _advance(self) -> None:
        """Serve what waits, in order, until one takes its time; read no further while too much waits."""
        self._advancing = True
        while self._waiting and self._current is None and self.writable.is_set() and self._transport is not None:
            self._current = self._waiting.popleft()
            self._service.received(self._current)
        self._advancing = False
        if self._transport is not None and not self._transport.is_closing():
            self._keep_reading(self._transport)

    def _keep_reading(self, transport: asyncio.Transport) -> None:
        crowded = len(self._waiting) >= EXCHANGES_WAITING_MAX
        if crowded and transport.is_reading():
            transport.pause_reading()
        elif not crowded and not transport.is_reading():
            transport.resume_reading()


def _head(status: int, length: int) -> bytes:
    return (
        f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}\r\n"
        f"Content-Type: application/x-amz-json-1.1\r\nContent-Length: {length}\r\n"
    ).encode()
