"""One connection: uvicorn's on httptools, with bounds that it leaves open and without work that most requests spare.

Neither limits how large a request's head grows or how long it takes to arrive, so that a few clients that never
finish theirs could hold memory and connections for good. How long a connection may wait, for a head or between
requests, is counted by `Patience`, which looks at all of them now and then: two timers a request cost more than
parsing it.
"""

import asyncio
import socket
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import unquote

import httptools
from starlette.types import Scope
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from txn_api.problems import HeadTooLarge, MalformedHttp, Overloaded, Problem
from txn_cli.http_exchange import Exchange
from txn_cli.http_refusals import refusal, refusing

HEAD_BYTES_MAX: Final = 64 << 10
HEAD_DEADLINE_S: Final = 30.0
KEEP_ALIVE_S: Final = 75.0
"""Longer than load balancers keep idle connections (AWS: 60), lest they send on one that is just being closed."""
LIFE_S_MAX: Final = 3_600.0
"""After this the next answer is a connection's last, so that clients find their way to processes added meanwhile."""
UNACKNOWLEDGED_MS_MAX: Final = 60_000
"""How long sent bytes may wait for a client that reads nothing; closing the connection alone would wait for ever."""
LOOKS_EVERY_S: Final = 1.0
_too_many_connections, _head_too_large = refusing(Overloaded()), refusing(HeadTooLarge())
_QUESTION, _PERCENT, _HASH = b"?%#"


class Connection(HttpToolsProtocol):
    """A head is a request's first line and headers."""

    lived_s = waited_s = 0.0
    waits_s_max: float | None = HEAD_DEADLINE_S
    """How long this connection may wait for the client; none while a request is being answered."""
    _in_head = True
    _head_bytes = _arrived_bytes = 0
    _due: Any = None  # the application that has not been told of the latest request

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Expect the first head."""
        super().connection_made(transport)
        self.waits_s_max = HEAD_DEADLINE_S
        if (option := getattr(socket, "TCP_USER_TIMEOUT", None)) is not None:  # Linux
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.IPPROTO_TCP, option, UNACKNOWLEDGED_MS_MAX)

    def data_received(self, data: bytes) -> None:
        """Parse, and look at how large a head is that is still unfinished."""
        self._arrived_bytes = self._head_bytes + len(data)
        super().data_received(data)
        if self._due is not None:
            self._begin()
        if not self._in_head:
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES_MAX:
            self._refuse(HeadTooLarge())

    def on_message_begin(self) -> None:
        """Expect the rest of this head."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self.waited_s, self.waits_s_max = 0.0, HEAD_DEADLINE_S

    def on_headers_complete(self) -> None:
        """The head is whole: begin the request's exchange, behind those that are not answered yet."""
        self._in_head, self.waits_s_max = False, None
        version = self.parser.get_http_version()
        scope: Scope = self.scope  # type: ignore[assignment] # a dictionary with its own type at uvicorn
        if version != "1.1":
            scope["http_version"] = version
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["path"], scope["raw_path"], scope["query_string"] = _target(self.url)
        previous: Any = self.cycle
        keep_alive = version != "1.0" and self.parser.should_keep_alive() and self.lived_s < LIFE_S_MAX
        exchange: Any = self._exchange(scope, keep_alive=keep_alive)
        self.cycle = exchange
        application: Any = self.app
        if self._too_many():
            application = _too_many_connections
        elif self._arrived_bytes > HEAD_BYTES_MAX and self._size_of_head() > HEAD_BYTES_MAX:
            application = _head_too_large  # whole, and yet too large
        if previous is None or previous.response_complete:
            self._due = application
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((exchange, application))

    def on_body(self, body: bytes) -> None:
        """A piece of the body; reading pauses while much of it was not received."""
        exchange: Any = self.cycle
        if not exchange.response_complete and exchange.feed(body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()

    def on_message_complete(self) -> None:
        """The body is over; only its end counts as a word of the client's, lest the rest of one trickle for ever."""
        self.waited_s = 0.0
        exchange: Any = self.cycle
        if not exchange.response_complete:
            exchange.end()
        if self._due is not None:
            self._begin(whole=True)

    def on_response_complete(self) -> None:
        """Go on with the next request, or wait for one."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            waiting: tuple[Any, Any] = self.pipeline.pop()
            waiting[0].begin(waiting[1])
        elif not self._in_head:
            self.waited_s, self.waits_s_max = 0.0, KEEP_ALIVE_S

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's word for it is not ours
        """Answer bytes that are not HTTP, without a word of them."""
        self._refuse(MalformedHttp())

    def _exchange(self, scope: Scope, *, keep_alive: bool) -> Exchange:
        return Exchange(
            scope,
            self.transport,
            self.flow,
            self.server_state.default_headers,
            self.tasks,
            keep_alive=keep_alive,
            expects_continue=self.expect_100_continue,
            answered=self.on_response_complete,
        )

    def _begin(self, *, whole: bool = False) -> None:
        """Tell the application of the latest request: as a whole one, if it takes such."""
        application, self._due = self._due, None
        exchange: Any = self.cycle
        take = getattr(application, "take", None) if whole else None
        if take is None or not take(exchange):
            exchange.begin(application)

    def _too_many(self) -> bool:
        bound = self.limit_concurrency
        return bound is not None and (len(self.connections) >= bound or len(self.tasks) >= bound)

    def _size_of_head(self) -> int:
        """About as many bytes as the first line and the headers took."""
        return len(self.url) + sum(len(name) + len(value) + len(b": \r\n") for name, value in self.headers)

    def _refuse(self, problem: Problem) -> None:
        self.transport.write(refusal(problem))
        self.transport.close()


def _target(url: bytes) -> tuple[str, bytes, bytes]:
    """The path, as text and as it came, and the query of a request's target (RFC 9112, 3.2)."""
    if url.startswith(b"/") and url.isascii() and not (_QUESTION in url or _PERCENT in url or _HASH in url):
        return url.decode(), url, b""
    parsed = httptools.parse_url(url)
    path = parsed.path.decode("ascii")
    return unquote(path) if "%" in path else path, parsed.path, parsed.query or b""


class Patience:
    """Closes the connections that have waited too long for their clients. Belongs to the running event loop."""

    def __init__(self, connections: Iterable[object]) -> None:
        """`connections` are those of the server, whenever it looks."""
        self._connections = connections
        self._looking: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Look at all of them from now on, every `LOOKS_EVERY_S` seconds."""
        self._looking = asyncio.get_running_loop().call_later(LOOKS_EVERY_S, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()

    def _look(self) -> None:
        for connection in [each for each in self._connections if isinstance(each, Connection)]:
            connection.lived_s += LOOKS_EVERY_S
            if connection.waits_s_max is not None:
                connection.waited_s += LOOKS_EVERY_S
                if connection.waited_s > connection.waits_s_max:
                    connection.transport.close()
        self.start()
