"""One request and its answer, between a connection and the ASGI application.

It stands in the place of uvicorn's own: an answer whose length is known leaves in one write, head and body together,
and nothing is made for a request that only few of them need, such as an event.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from starlette.types import ASGIApp, Message, Scope
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

_WITHOUT_BODY: Final = frozenset({204, 304})
_UNKNOWN, _NOTHING = -1, -2  # how much of a body is left, where it is not a number of bytes
_INTERNAL_ERROR: Final = b"HTTP/1.1 500 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

log = logging.getLogger("uvicorn.error")


class Exchange:
    """What a connection knows of its request; the names that uvicorn's protocol class looks at are uvicorn's."""

    __slots__ = (
        "_answered",
        "_body",
        "_default_headers",
        "_expects_continue",
        "_flow",
        "_head",
        "_left",
        "_news",
        "_transport",
        "_waiting",
        "disconnected",
        "keep_alive",
        "more_body",
        "response_complete",
        "response_started",
        "scope",
    )

    def __init__(
        self,
        scope: Scope,
        transport: asyncio.Transport,
        flow: FlowControl,
        default_headers: Sequence[tuple[bytes, bytes]],
        *,
        keep_alive: bool,
        expects_continue: bool,
        answered: Callable[[], None],
    ) -> None:
        self.scope, self.keep_alive = scope, keep_alive
        self._transport, self._flow, self._answered = transport, flow, answered
        self._default_headers, self._expects_continue = default_headers, expects_continue
        self.disconnected = self.response_started = self.response_complete = False
        self.more_body = True
        self._body = b""
        self._news = False  # something that was not received yet
        self._waiting: asyncio.Future[None] | None = None
        self._head = b""
        self._left = _UNKNOWN

    async def run_asgi(self, application: ASGIApp) -> None:
        """Have the request answered; what the application leaves unfinished cuts the connection."""
        try:
            await application(self.scope, self.receive, self.send)
        except Exception as error:  # noqa: BLE001 - outermost of its task, behind the application's own last word
            log.error("application failed: %s", type(error).__name__)  # noqa: TRY400 - its text may quote a request
        if not self.response_complete and not self.disconnected:
            if not self.response_started:
                self._transport.write(_INTERNAL_ERROR)
            self._transport.close()

    # What the connection tells

    @property
    def message_event(self) -> "Exchange":
        """That which uvicorn sets when a client has gone. Not kept: a cycle a request is work for the collector."""
        return self

    def feed(self, piece: bytes) -> int:
        """Take a piece of the body, and say how much is there that was not received."""
        self._body += piece  # the one piece of nearly every body is not copied
        self.set()
        return len(self._body)

    def end(self) -> None:
        """The body is over."""
        self.more_body = False
        self.set()

    def set(self) -> None:
        """Something has happened that `receive` may wait for."""
        self._news = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    # What the application calls (ASGI)

    async def receive(self) -> Message:
        """The next piece of the body, or that the client is gone or answered."""
        if self._expects_continue and not self._transport.is_closing():
            self._expects_continue = False
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not (self.disconnected or self.response_complete):
            self._flow.resume_reading()
            while not self._news:
                self._waiting = asyncio.get_running_loop().create_future()
                await self._waiting
            self._news = False
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        body, self._body = self._body, b""
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: Message) -> None:
        """The head of the answer, or a piece of its body."""
        if self._flow.write_paused and not self.disconnected:
            await self._flow.drain()
        if self.disconnected:
            return
        if not self.response_started:
            self._begin(message["status"], message.get("headers", ()))
        else:
            self._go_on(message.get("body", b""), more=message.get("more_body", False))

    def _begin(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self.response_started, self._expects_continue = True, False
        lines = [STATUS_LINE[status], *map(_line, self._default_headers), *map(_line, headers)]
        for name, value in headers:
            if name == b"content-length":
                self._left = int(value)
            elif name == b"connection" and value.lower() == b"close":
                self.keep_alive = False
        if self.scope["method"] == "HEAD" or status in _WITHOUT_BODY:
            self._left = _NOTHING
        elif self._left == _UNKNOWN:
            lines.append(b"transfer-encoding: chunked\r\n")
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        head = b"".join(lines)
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
            raise ValueError("a header holds a line break")
        head += b"\r\n"
        if self._left == _UNKNOWN:
            self._transport.write(head)  # whoever reads while it sends waits for it
        else:
            self._head = head

    def _go_on(self, body: bytes, *, more: bool) -> None:
        if self.response_complete:
            raise RuntimeError("an answer goes on behind its end")
        if self._left == _UNKNOWN:
            data = _chunk(body, last=not more)
        elif self._left == _NOTHING:
            data, self._head = self._head, b""
        else:
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                raise RuntimeError("an answer is not as long as its head says")
            data, self._head = self._head + body, b""
        if data:
            self._transport.write(data)
        if not more:
            self.response_complete = True
            self.set()
            if not self.keep_alive:
                self._transport.close()
            self._answered()


def _line(header: tuple[bytes, bytes]) -> bytes:
    return b"%b: %b\r\n" % header


def _chunk(body: bytes, *, last: bool) -> bytes:
    """A piece of unknown length as HTTP/1.1 frames it (RFC 9112, 7.1)."""
    chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
    return chunk + b"0\r\n\r\n" if last else chunk
