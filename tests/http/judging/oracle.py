"""A small server whose every byte is read and written by h11: what ours is compared with.

It takes one request at a time, and the next one only when the answer before it is complete. It reads on when it needs
more, and all that it does beyond h11 stands in `rules.py`.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import unquote

import h11
from starlette.types import ASGIApp, Message, Scope

from tests.http.judging import rules
from tests.http.judging.rules import Head, Rule
from txn_server.http.head import HEAD_BYTES_MAX

DISCARDED_BYTES_MAX: Final = 4 << 20
_WITHOUT_BODY: Final = frozenset({204, 304})


@dataclass
class Exchange:
    """A request as it was framed, and what became of it."""

    method: bytes
    target: bytes
    content: bytearray = field(default_factory=bytearray)
    broken: bool = False
    """Whether the body was not framed to its end."""
    status: int = 0
    """What the application answered; 0 when it did not."""


class GoneError(Exception):
    """The client has reset the connection."""


class Oracle(asyncio.Protocol):
    """One connection. `exchanges` are those whose heads were accepted; `touched` counts the rules that mattered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES_MAX)
        self._arrived, self._writable, self._lost = asyncio.Event(), asyncio.Event(), False
        self._writable.set()
        self._in_trailers = False
        self.exchanges: list[Exchange] = []
        self.refused = 0
        """The status of the last answer when it was not the application's."""
        self.touched: Counter[str] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        if self._h11.their_state is not h11.ERROR:
            self._h11.receive_data(data)
        self._transport.pause_reading()
        self._arrived.set()

    def eof_received(self) -> bool:
        self._h11.receive_data(b"")
        self._arrived.set()
        return True  # the connection stays, for the answer

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._arrived.set()
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def look_after(self) -> None:
        """Raise what the oracle itself stumbled over."""
        if self._task.done():
            self._task.result()

    async def _serve(self) -> None:
        try:
            while await self._answer_next():
                pass
        except GoneError:
            pass
        self._transport.close()

    async def _answer_next(self) -> bool:
        """Answer a request, and say whether another one may follow."""
        head = await self._head()
        if head is None:
            return False
        if (refusal := rules.refused(head)) is not None:
            return self._refuse(*refusal)
        exchange = Exchange(head.method, head.target)
        self.exchanges.append(exchange)
        answer = _Response(self, head, exchange)
        try:
            await self._app(answer.scope, answer.receive, answer.send)
        except RuntimeError:  # what it makes of an answer that it cannot finish
            assert exchange.status
        if not (exchange.status or self._lost):
            return self._refuse(500)
        return await answer.finished()

    async def _head(self) -> Head | None:
        """The next head; none when the client is through, or was refused."""
        while True:
            buffered = self._h11.trailing_data[0]
            if buffered[:1] > b" " and (refusal := rules.too_large(buffered)) is not None:
                self._refuse(*refusal)
                return None
            try:
                event = self._h11.next_event()
            except h11.RemoteProtocolError as error:
                self._refuse(*rules.unread(error.error_status_hint, buffered))
                return None
            if isinstance(event, h11.Request):
                if (refusal := rules.refused_lines(buffered)) is not None:
                    self._refuse(*refusal)
                    return None
                return Head(event.method, event.target, event.http_version, tuple(event.headers))
            if isinstance(event, h11.ConnectionClosed):
                return None
            await self.more()

    async def body(self, *, go_on: bool) -> bytes | None:
        """The next piece of a body, or none at its end.

        Raises:
            h11.RemoteProtocolError: the body is broken.
        """
        while True:
            buffered = self._h11.trailing_data[0]
            event = self._h11.next_event()
            taken = buffered[: len(buffered) - len(self._h11.trailing_data[0])]
            if isinstance(event, h11.Data):
                self._look_at(taken[: len(taken) - len(event.data)])
                return bytes(event.data)
            trailers = self._look_at(taken)
            if isinstance(event, h11.EndOfMessage):
                self._in_trailers = False
                if rules.too_large_trailers(trailers):
                    self._break(rules.TRAILER_SIZE)
                if rules.folded(trailers):
                    self._break(rules.FOLDED)
                return None
            if go_on and self._h11.they_are_waiting_for_100_continue:
                self.send(h11.InformationalResponse(status_code=100, headers=[]))
            await self.more()

    def _look_at(self, taken: bytes) -> bytes:
        """Hold what h11 took besides content against the bound of a chunk's line; give what of it are trailers."""
        if self._in_trailers:
            return taken
        line, _, rest = taken.lstrip(b"\r\n").partition(b"\r\n")
        if len(line) > HEAD_BYTES_MAX:
            self._break(rules.CHUNK_LINE_SIZE)
        self._in_trailers = rules.is_last_chunk(line)
        return rest

    async def more(self) -> None:
        """Wait until something has arrived."""
        self._arrived.clear()
        self._transport.resume_reading()
        await self._arrived.wait()
        if self._lost:
            raise GoneError

    def send(self, event: h11.Event) -> None:
        """Have h11 write an event."""
        data = self._h11.send(event)
        if data:
            self._transport.write(data)

    async def writable(self) -> bool:
        """Wait for a client that reads slowly; false when it has gone."""
        await self._writable.wait()
        return not self._lost

    def must_close(self) -> bool:
        """Whether the answer said that it is the last one."""
        return self._h11.our_state is h11.MUST_CLOSE

    def next_cycle(self) -> bool:
        """Get ready for the next request."""
        self._h11.start_next_cycle()
        return True

    def knows(self, scope: Scope) -> bool:
        """Whether the application knows the sender of a request."""
        known: bool = cast("Any", self._app).knows(scope)
        return known

    def touch(self, rule: Rule) -> None:
        """Count a rule that mattered."""
        self.touched[rule.name] += 1

    def _break(self, rule: Rule) -> None:
        self.touch(rule)
        raise h11.RemoteProtocolError(rule.what)

    def _refuse(self, status: int, rule: Rule | None = None) -> bool:
        if rule is not None:
            self.touch(rule)
        self.refused = status
        self.send(h11.Response(status_code=status, headers=[("Content-Length", "0"), ("Connection", "close")]))
        self.send(h11.EndOfMessage())
        return False


class _Response:
    """One call of the application (ASGI)."""

    def __init__(self, connection: Oracle, head: Head, exchange: Exchange) -> None:
        self._connection, self._head, self._exchange = connection, head, exchange
        self._ends, self._completed = False, asyncio.Event()
        self._last = rules.has_two_framings(head)
        if self._last:
            connection.touch(rules.TWO_FRAMINGS)
        self._malformed = self._asked = False
        self.scope = self._scope()

    async def receive(self) -> Message:
        self._asked = True
        if self._exchange.broken or self._completed.is_set():
            return {"type": "http.disconnect", "malformed": self._malformed}
        if self._ends:
            await self._completed.wait()
            return {"type": "http.disconnect"}
        try:
            piece = await self._connection.body(go_on=not self._exchange.status)
        except h11.RemoteProtocolError as error:
            self._exchange.broken, self._malformed = True, "closed connection" not in str(error)
            return {"type": "http.disconnect", "malformed": self._malformed}
        except GoneError:
            return {"type": "http.disconnect"}
        self._ends = piece is None
        self._exchange.content += piece or b""
        return {"type": "http.request", "body": piece or b"", "more_body": not self._ends}

    async def send(self, message: Message) -> None:
        if not await self._connection.writable():
            return
        if message["type"] == "http.response.start":
            self._exchange.status = message["status"]
            self._last |= self._leaves_unread()
            close = [(b"connection", b"close")] if self._last or self._exchange.broken else []
            headers = [*message.get("headers", ()), *close]
            self._connection.send(h11.Response(status_code=message["status"], headers=headers))
            return
        if (body := message.get("body", b"")) and not self._is_without_body():
            self._connection.send(h11.Data(data=body))
        if not message.get("more_body"):
            self._connection.send(h11.EndOfMessage())
            self._completed.set()

    async def finished(self) -> bool:
        """Read what the application left of the body, and say whether another request may follow."""
        if not self._completed.is_set() or self._connection.must_close():
            return False
        discarded = 0
        try:
            while not (self._ends or self._exchange.broken):
                piece = await self._connection.body(go_on=False)
                self._ends = piece is None
                self._exchange.content += piece or b""
                discarded += len(piece or b"")
                if discarded > DISCARDED_BYTES_MAX:
                    return False
        except h11.RemoteProtocolError:
            self._exchange.broken = True
        return not self._exchange.broken and self._connection.next_cycle()

    def _leaves_unread(self) -> bool:
        """Whether `rules.UNREAD_BODY` applies to the answer that begins."""
        if self._asked or not rules.leaves_much_unread(self._head) or self._connection.knows(self.scope):
            return False
        self._connection.touch(rules.UNREAD_BODY)
        return True

    def _is_without_body(self) -> bool:
        return self._head.method == b"HEAD" or self._exchange.status in _WITHOUT_BODY

    def _scope(self) -> Scope:
        target, fields = rules.origin_form(self._head)
        if target != self._head.target:
            self._connection.touch(rules.REPLACED_HOST)
        path, _, query = target.partition(b"?")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": self._head.version.decode(),
            "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 50_000),
            "scheme": "http",
            "root_path": "",
            "method": self._head.method.decode(),
            "path": unquote(path.decode()),
            "raw_path": path,
            "query_string": query,
            "headers": fields,
            "state": {},
        }
        return scope
