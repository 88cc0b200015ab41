"""One request and its answer, between a connection and the ASGI application.

An answer whose length is known leaves in one write, head and body together, and nothing is made for a request that
only few of them need, such as an event.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Scope
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from txn_api.edge.buffered_request import Header

_field: Final = b": ".join
_CR, _LF = b"\r\n"
_CLOSE: Final = (b"connection: close",)
_WITHOUT_BODY: Final = frozenset({204, 304})
_UNKNOWN, _NOTHING = -1, -2  # how much of a body is left, where it is not a number of bytes
_INTERNAL_ERROR: Final = b"HTTP/1.1 500 \r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

WRITTEN_BYTES_MAX: Final = 16 << 10
"""Of an answer at once: the transport copies what the client does not take yet."""

_log = structlog.get_logger()


class Exchange:
    """A request, whose body the connection feeds it, and its answer, whose end it tells the connection."""

    __slots__ = (
        "_answered",
        "_asked",
        "_body",
        "_cut",
        "_default_headers",
        "_ends_by_close",
        "_expects_continue",
        "_flow",
        "_head",
        "_left",
        "_news",
        "_tasks",
        "_transport",
        "_waiting",
        "disconnected",
        "keep_alive",
        "more_body",
        "response_complete",
        "response_started",
        "scope",
        "stays",
        "task",
    )

    def __init__(
        self,
        scope: Scope,
        transport: asyncio.Transport,
        flow: FlowControl,
        default_headers: Sequence[Header],
        tasks: "set[asyncio.Task[None]]",
        *,
        keep_alive: bool,
        expects_continue: bool,
        asked: Callable[[], None],
        answered: Callable[[], None],
    ) -> None:
        """`asked` is called when the application waits for the body, `answered` when its answer is whole."""
        self.scope, self.keep_alive = scope, keep_alive
        self._transport, self._flow = transport, flow
        self._asked, self._answered = asked, answered
        self._default_headers, self._expects_continue = default_headers, expects_continue
        self._tasks = tasks
        self.stays: Callable[[], bool] | None = None
        """Asked when the answer begins: whether the connection goes on behind it, though `keep_alive` says no."""
        self.task: asyncio.Task[None] | None = None  # that which answers it; among `tasks` as long as it runs
        self.disconnected = self.response_started = self.response_complete = False
        self.more_body = True
        self._cut: Message | None = None
        self._body = b""
        self._news = False  # something that was not received yet
        self._waiting: asyncio.Future[None] | None = None
        self._head = b""
        self._left = _UNKNOWN
        self._ends_by_close = False

    def begin(self, application: ASGIApp) -> None:
        """Have the request answered in a task."""
        task = asyncio.get_running_loop().create_task(self.run_asgi(application))
        self.task = task
        self._tasks.add(task)

    async def run_asgi(self, application: ASGIApp) -> None:
        """Have the request answered; what the application leaves unfinished cuts the connection."""
        try:
            await application(self.scope, self.receive, self.send)
        except Exception as error:  # noqa: BLE001 - outermost of its task, behind the application's own last word
            _log.error("application_failed", error=type(error).__name__)  # not its text, which may quote a request
        finally:
            # Not a callback of the task's: that would be a turn of the loop by itself.
            task, self.task = self.task, None
            if task is not None:
                self._tasks.discard(task)
        if self.response_complete or self.disconnected:
            return
        if self.response_started:
            # An end by itself would say that an answer without a length is whole.
            self._transport.abort() if self._ends_by_close else self._transport.close()
        else:
            self._transport.write(_INTERNAL_ERROR)
            self.keep_alive = False
            self._end()

    # What the connection tells

    def feed(self, piece: bytes) -> int:
        """Take a piece of the body, and say how much is there that was not received."""
        self._body += piece  # the one piece of nearly every body is not copied
        self._tell()
        return len(self._body)

    def feed_all(self, body: bytes) -> None:
        """Take the whole body of a request that nobody knows of yet."""
        self._body, self.more_body, self._news = body, False, True

    def end(self) -> None:
        """The body is over."""
        self.more_body = False
        self._tell()

    def cut(self, *, malformed: bool) -> None:
        """No more of the body will come, though it is not over: its framing is broken, or its sender has ended.

        The answer, for which the sender may still wait, is the connection's last.
        """
        self._cut = {"type": "http.disconnect", "malformed": malformed}
        self.keep_alive, self.stays = False, None
        self._tell()

    def disconnect(self) -> None:
        """Nobody is there any more."""
        self.disconnected, self._body = True, b""
        self._tell()

    def _tell(self) -> None:
        """Something has happened that `receive` may wait for."""
        self._news = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    # What the application calls (ASGI)

    async def receive(self) -> Message:
        """The next piece of the body, or that no more will come, or that the client is gone or answered.

        Of a body that broke off, `malformed` says whether its framing was at fault.
        """
        if self.more_body and self._cut is None and not (self.disconnected or self.response_complete):
            self._asked()
        if self._expects_continue:
            self._expects_continue = False
            # Who sends the body already waits for nothing (RFC 9110, 10.1.1).
            if not (self._body or self._transport.is_closing()) and self._is_awaiting_body():
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not (self.disconnected or self.response_complete):
            while not self._news:
                self._waiting = asyncio.get_running_loop().create_future()
                await self._waiting
            self._news = False
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        if self._cut is not None:
            self._news = True  # also for whoever asks again
            if not self._body:
                return self._cut
        body, self._body = self._body, b""
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    def buffered_body(self) -> bytes | None:
        """The body, if all of it is there and its sender, too."""
        if self.more_body or self.disconnected or self.response_complete:
            return None
        self._news = False
        body, self._body = self._body, b""
        return body

    async def send(self, message: Message) -> None:
        """The head of the answer, or a piece of its body, as fast as the client takes it."""
        if self._flow.write_paused:
            await self._drain()
        if self.disconnected:
            return
        if not self.response_started:
            self._begin(message["status"], message.get("headers", ()))
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if len(body) > WRITTEN_BYTES_MAX:
            body = memoryview(body)  # its parts are not copied
        while len(body) > WRITTEN_BYTES_MAX:
            self._go_on(body[:WRITTEN_BYTES_MAX], more=True)
            body = body[WRITTEN_BYTES_MAX:]
            if self._flow.write_paused:
                await self._drain()
            if self.disconnected:
                return
        self._go_on(body, more=more)

    # What it calls instead (`txn_api.edge.buffered_request`)

    def rendered(self, status: int, headers: Sequence[Header], body: bytes) -> bytes | None:
        """All of an answer that has a body, as it will be written; none when the client is slow or gone."""
        if self._flow.write_paused or self.disconnected:
            return None
        if self.response_started:
            raise RuntimeError("an answer begins twice")
        if self.stays is not None:
            self._ask_whether_it_stays(self.stays)
        close = () if self.keep_alive else _CLOSE
        return self._head_of(status, headers, b"content-length: %d" % len(body), *close) + body

    def write(self, rendered: bytes) -> None:
        """Send what `rendered` gave."""
        self._transport.write(rendered)
        self._end()

    async def _drain(self) -> None:
        """Wait until the client has read most of what was written, or has gone."""
        if self._flow.write_paused and not self.disconnected:
            await self._flow.drain()

    def _is_awaiting_body(self) -> bool:
        return self.more_body and self._cut is None

    def _ask_whether_it_stays(self, stays: Callable[[], bool]) -> None:
        """Decide whether the connection goes on behind the answer, which begins."""
        self.keep_alive, self.stays = stays(), None

    def _begin(self, status: int, headers: Sequence[Header]) -> None:
        named, more = dict(headers), []
        if self.stays is not None:
            self._ask_whether_it_stays(self.stays)
        if (length := named.get(b"content-length")) is not None:
            self._left = int(length)
        if named.get(b"connection", b"").lower() == b"close":
            self.keep_alive = False
        if self.scope["method"] == "HEAD" or status in _WITHOUT_BODY:
            self._left = _NOTHING
        elif self._left == _UNKNOWN:
            if self.scope["http_version"] == "1.0":
                self._ends_by_close, self.keep_alive = True, False  # RFC 9112, 6.1 and 6.3
            else:
                more.append(b"transfer-encoding: chunked")
        if not self.keep_alive and b"connection" not in named:
            more.extend(_CLOSE)
        head = self._head_of(status, headers, *more)
        if self._left == _UNKNOWN:
            self._transport.write(head)  # whoever reads while it sends waits for it
        else:
            self._head = head

    def _head_of(self, status: int, headers: Sequence[Header], *more: bytes) -> bytes:
        lines = [*map(_field, self._default_headers), *map(_field, headers), *more, b"", b""]
        text = b"\r\n".join(lines)
        if not text.count(_CR) == text.count(_LF) == len(lines) - 1:
            raise ValueError("a header holds a line break")
        self.response_started, self._expects_continue = True, False
        return STATUS_LINE[status] + text

    def _go_on(self, body: bytes | memoryview, *, more: bool) -> None:
        if self.response_complete:
            raise RuntimeError("an answer goes on behind its end")
        if self._left == _UNKNOWN:
            data = body if self._ends_by_close else _chunk(body, last=not more)
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
            self._end()

    def _end(self) -> None:
        self.response_complete = True
        self._tell()
        self._answered()


def _chunk(body: bytes | memoryview, *, last: bool) -> bytes:
    """A piece of unknown length as HTTP/1.1 frames it (RFC 9112, 7.1)."""
    chunk = b"".join((b"%x\r\n" % len(body), body, b"\r\n")) if body else b""
    return chunk + b"0\r\n\r\n" if last else chunk
