"""One connection: requests in, answers out, one after the other (RFC 9112, 9.3).

The next head is looked at when the answer before it has been written: so answers stand in order, and what is refused
here is refused behind all answers that are due. Bytes that come before their turn are kept, at most one read of
them. How long a connection may wait, for a head or between requests, is counted by `Patience`, which looks at all of
them now and then: two timers a request cost more than parsing it.
"""

import asyncio
import math
import socket
import sys
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from starlette.types import ASGIApp, Scope
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from txn_api.edge.buffered_request import EXTENSION, BufferedRequests
from txn_api.problems import MalformedHttp, Overloaded, Problem
from txn_server.http.body import Body, ChunkedBody, SizedBody
from txn_server.http.exchange import Exchange
from txn_server.http.head import CHUNKED, HEAD_BYTES_MAX, Head, HeadReader, size_of_head
from txn_server.http.refusals import refusal, refusing
from txn_server.http.tls import tls_extension

HEAD_DEADLINE_S: Final = 30.0
KEEP_ALIVE_S: Final = 75.0
"""Longer than load balancers keep idle connections (AWS: 60), so that they send on none that is being closed."""
LIFE_S_MAX: Final = 3_600.0
"""After this the next answer is a connection's last, so that clients find their way to processes added meanwhile."""
LINGER_S: Final = 2.0
"""How long input is read and dropped behind the last answer: a close at once would have the client's system throw
the answer away (RFC 9112, 9.6)."""
HELD_BYTES_MAX: Final = 64 << 10
HELD_S: Final = 0.5
"""A known sender's request with a body of at most so many bytes is held until all of it is there, at most so long:
however the client cuts it into packets, the application takes it as a whole one (`txn_api.edge.buffered_request`)."""
DROPPED_BYTES_MAX: Final = 4 << 20
"""What is read of a body that nobody reads, as it is sent, so that the connection can be used again."""
UNACKNOWLEDGED_MS_MAX: Final = 60_000
"""How long sent bytes may wait for a client that reads nothing; closing the connection alone would wait for ever."""
LOOKS_EVERY_S: Final = 1.0
READ_BYTES_MAX: Final = 64 << 10
"""What one read brings of a body whose sender's credential is known good."""
READ_BYTES_MAX_UNKNOWN: Final = HEAD_BYTES_MAX
"""What it brings of anything else: a head at once, and most posts with theirs."""
UNREAD_BYTES_MAX: Final = 16 << 10
"""What the client may leave unread before the answer waits for it."""
UNRECEIVED_BYTES_MAX: Final = 16 << 10
"""Of a body, before reading pauses: beside it there may be one more read, on each of thousands of connections."""
# One for all connections: what is read into it is taken out before anything else is read.
_read_into: Final = memoryview(bytearray(READ_BYTES_MAX))
_little_read_into: Final = _read_into[:READ_BYTES_MAX_UNKNOWN]
_too_many_connections: Final = refusing(Overloaded())


class Connection(asyncio.BufferedProtocol, asyncio.Protocol):
    """Buffered, which bounds what one read brings; uvicorn asks for a protocol."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Take what uvicorn gives a protocol."""
        if not config.loaded:
            config.load()
        self._config, self._server_state = config, server_state
        self._connections_max = math.inf if config.limit_concurrency is None else config.limit_concurrency
        self._application: ASGIApp = config.loaded_app
        # The connections of a server are all given the same dictionary.
        self._extension: BufferedRequests = app_state.setdefault(EXTENSION, BufferedRequests())
        self._app_state = {name: each for name, each in app_state.items() if name != EXTENSION}
        self._connections: set[Any] = server_state.connections
        self.transport: asyncio.Transport
        self._flow: FlowControl
        self._scope: dict[str, Any] = {}  # what the scopes of all its requests have
        self._is_tls = False
        self.lived_s = self.waited_s = 0.0
        self.waits_s_max: float | None = HEAD_DEADLINE_S
        """How long this connection may wait for the client; none while a request is being answered."""
        self._heads = HeadReader()
        self._kept: bytes | bytearray = b""  # came, and was not looked at or is not whole
        self._searched = 0  # how much of it was searched for the end of a head
        self._room = _little_read_into
        self._body: Body | None = None  # the latest request's, until the request is over
        self._is_unasked = False  # the application has not asked for that body, nor is it known to want it
        self._dropped = 0
        self._exchange: Exchange | None = None  # as long as it is not answered
        self._due: ASGIApp | None = None  # who answers the request that is held
        self._held: asyncio.TimerHandle | None = None
        self._has_ended = False  # the client's sending half
        self._is_deaf = False  # to what the client still sends
        self._lingers = False

    # What the transport calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as asyncio has it
        """Expect the first head."""
        self._connections.add(self)
        transport.set_write_buffer_limits(high=UNREAD_BYTES_MAX)
        self.transport, self._flow = transport, FlowControl(transport)
        self._is_tls = is_ssl(transport)
        self._scope = {
            "type": "http",
            "asgi": {"version": self._config.asgi_version, "spec_version": "2.3"},
            "server": get_local_addr(transport),
            "client": get_remote_addr(transport),
            "scheme": "https" if self._is_tls else "http",
            "root_path": self._config.root_path,
            "extensions": {EXTENSION: self._extension},
        }
        if self._is_tls and (extension := tls_extension(transport.get_extra_info("ssl_object"))):
            self._scope["extensions"]["tls"] = extension
        if sys.platform == "linux":
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS_MAX)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - what asyncio gives
        """Where the next bytes go: no more of them than a head may still have, if a part of one is kept."""
        if self._lingers or self._is_deaf:
            return _read_into  # nothing of it is kept
        if self._kept and self._room is _little_read_into:
            return _little_read_into[: max(1, HEAD_BYTES_MAX + 1 - len(self._kept))]
        if self._exchange is None and isinstance(self._body, SizedBody):
            return _read_into[: self._body.left]  # is dropped, and so not even copied
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        """So many came."""
        if self._lingers or self._is_deaf:
            return
        body = self._body
        if self._exchange is None and isinstance(body, SizedBody) and nbytes < body.left:
            body.left -= nbytes
            self._drop(nbytes)
        else:
            self.data_received(bytes(_read_into[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Take what came, as far as its turn has come."""
        if self._lingers or self._is_deaf:
            return
        if not self._kept:
            self._kept = data
        elif isinstance(self._kept, bytearray):
            self._kept += data
        else:
            self._kept = bytearray(self._kept) + data
        self._advance()

    def eof_received(self) -> bool:
        """Answer all the same: the end of what the client says is not the end of its interest."""
        self._has_ended = True
        if self._lingers:
            self._close()
        else:
            self._advance()
        # TLS knows no half of a connection.
        return not self._is_tls

    def pause_writing(self) -> None:
        """The client reads more slowly than it is answered."""
        self._flow.pause_writing()

    def resume_writing(self) -> None:
        """It has read; go on."""
        self._flow.resume_writing()
        if self._exchange is None and not self.transport.is_closing():
            self._flow.resume_reading()
            self._advance()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - why does not matter
        """Tell whoever is at work for this client."""
        self._connections.discard(self)
        self._kept, self._body = b"", None
        self._release()
        self._lingers = True  # whatever still comes
        # Each knows the other: together they would wait for the collector.
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.disconnect()
        self._flow.resume_writing()

    # What the server calls

    def shutdown(self) -> None:
        """End behind the answer that is under way, for which a body that is not there yet has a last moment."""
        if self._exchange is None:
            self._close()
            return
        self._exchange.keep_alive, self._exchange.stays = False, None
        if self._body is not None:
            asyncio.get_running_loop().call_later(LINGER_S, self._give_up, self._exchange)

    def lose_patience(self) -> None:
        """The client was waited for long enough."""
        if not self.transport.is_closing():
            self._close()
        elif self._is_tls and not self.transport.get_write_buffer_size():
            self.transport.abort()  # what is left of TLS is the client's own farewell (RFC 8446, 6.1)

    def _give_up(self, exchange: Exchange) -> None:
        """Wait for no more of a request's body."""
        if self._exchange is exchange and self._body is not None:
            self._break_off(malformed=False)

    # One step after the other

    def _advance(self) -> None:
        """Do what the bytes that came allow."""
        while self._kept and not self._lingers and self._takes_some():
            pass
        if self._due is not None and self._held is None:
            self._held = asyncio.get_running_loop().call_later(HELD_S, self._begin_held)
        if self._has_ended and not self._lingers:
            self._end_input()

    def _takes_some(self) -> bool:
        """Take a part of a body, or a head, off what is kept; false if it has to wait."""
        if self._body is not None and not self._is_unasked:
            self._read_body(self._body)
            return True
        if self._exchange is not None or self._flow.write_paused:
            self._flow.pause_reading()
            return False
        try:
            return self._read_head()
        except Problem as problem:
            self._refuse(problem)
            return False

    def _read_head(self) -> bool:
        """Begin the request whose head is there; false if it is not.

        Raises:
            Problem: it is none.
        """
        kept = self._kept
        size = size_of_head(kept, self._searched)
        if not size:
            if not self._searched:  # its first bytes
                self.waited_s, self.waits_s_max = 0.0, HEAD_DEADLINE_S
            self._searched = len(kept)
            return False
        self._kept, self._searched = bytes(kept[size:]), 0
        self._begin(self._heads.read(bytes(kept[:size])))
        return True

    def _begin(self, head: Head) -> None:
        """Begin a request, whose body is kept as far as it is there: at once, or when all of it is."""
        self.waited_s, self.waits_s_max = 0.0, None
        scope = {
            **self._scope,
            "http_version": "1.0" if head.http_1_0 else "1.1",
            "method": head.method,
            "path": head.path,
            "raw_path": head.raw_path,
            "query_string": head.query,
            "headers": head.fields,
            "state": self._app_state.copy(),
        }
        exchange = self._exchange = Exchange(
            scope,
            self.transport,
            self._flow,
            self._server_state.default_headers,
            self._server_state.tasks,
            keep_alive=head.keep_alive and self.lived_s < LIFE_S_MAX,
            expects_continue=head.expects_continue,
            asked=self._asked,
            answered=self._answered,
        )
        application = _too_many_connections if self._too_many() else self._application
        kept = self._kept
        if CHUNKED < head.length <= len(kept):
            exchange.feed_all(bytes(kept[: head.length]))
            self._kept = bytes(kept[head.length :])
            self._give(exchange, application)
            return
        self._body = ChunkedBody() if head.length == CHUNKED else SizedBody(head.length)
        if not self._is_known(application, scope):
            self._await_asking(exchange, head, application)
            exchange.begin(application)
            return
        self._room = _read_into
        if head.expects_continue or head.length == CHUNKED or head.length > HELD_BYTES_MAX:
            exchange.begin(application)
        else:
            self._due = application

    def _is_known(self, application: ASGIApp, scope: Scope) -> bool:
        """Whether the application knows the sender of a body; one that cannot say knows everybody."""
        if application is _too_many_connections:
            return False
        asked = self._extension.application
        return asked is None or asked.knows(scope)

    def _await_asking(self, exchange: Exchange, head: Head, application: ASGIApp) -> None:
        """Take nothing of a body before the application asks for it, which it does once it knows its sender.

        An application that answers without asking may know the sender by then. Of anybody else no chunks are taken
        apart to drop them, and no more than a little is read: such an answer is the connection's last.
        """
        self._is_unasked = True
        if exchange.keep_alive and (head.length == CHUNKED or head.length > HELD_BYTES_MAX):
            exchange.keep_alive = False
            exchange.stays = partial(self._is_known, application, exchange.scope)

    def _asked(self) -> None:
        """The application waits for the body: read it."""
        exchange = self._exchange
        if self._is_unasked and exchange is not None:
            if exchange.stays is not None:
                exchange.keep_alive, exchange.stays = True, None
            self._is_unasked, self._room = False, _read_into
            self._advance()
        self._flow.resume_reading()

    def _give(self, exchange: Exchange, application: ASGIApp) -> None:
        """Have a request that is whole answered: as one, if the application takes such."""
        taking = self._extension.application
        if taking is None or application is _too_many_connections or not taking.take(exchange):
            exchange.begin(application)

    def _begin_held(self) -> None:
        """Have a request answered whose body is still to come."""
        application = self._release()
        if application is not None and self._exchange is not None:
            self._exchange.begin(application)

    def _release(self) -> ASGIApp | None:
        """Who answers the request that was held, if one was."""
        application, self._due = self._due, None
        if self._held is not None:
            self._held.cancel()
            self._held = None
        return application

    def _read_body(self, body: Body) -> None:
        """Take what is there of a body; reading pauses while much of it was not received."""
        try:
            piece, size = body.read(bytes(self._kept))
        except MalformedHttp:
            self._break_off(malformed=True)
            return
        self._kept = bytes(self._kept[size:])
        exchange = self._exchange
        if exchange is None and not body.ended:
            self._drop(size)
        elif exchange is not None and piece and exchange.feed(piece) > UNRECEIVED_BYTES_MAX and self._due is None:
            self._flow.pause_reading()  # a held one is bounded by its length, and waits for its last byte
        if body.ended:
            self._end_body()

    def _end_body(self) -> None:
        self._body = None
        exchange, application = self._exchange, self._release()
        if exchange is None:
            self.waited_s, self.waits_s_max = 0.0, KEEP_ALIVE_S
            return
        exchange.end()
        if application is not None:
            self._give(exchange, application)

    def _drop(self, size: int) -> None:
        """Nobody reads this body; to read on is dearer than another connection from some length on."""
        self._dropped += size
        if self._dropped > DROPPED_BYTES_MAX:
            self._end()

    def _break_off(self, *, malformed: bool) -> None:
        """Look at no more input: what came is no body, or no more of it will come."""
        self._kept = b""
        if self._exchange is None:
            self._end()
            return
        self._body = None
        self._is_deaf = True
        self._exchange.cut(malformed=malformed)
        self._begin_held()

    def _answered(self) -> None:
        """Go on with the next request, or wait for one."""
        exchange, self._exchange = self._exchange, None
        self._is_unasked, self._room = False, _little_read_into
        self._server_state.total_requests += 1
        if exchange is None or self.transport.is_closing():
            return
        if not exchange.keep_alive:
            self._end()
            return
        self._dropped = 0
        self.waited_s, self.waits_s_max = 0.0, KEEP_ALIVE_S if self._body is None else HEAD_DEADLINE_S
        self._flow.resume_reading()
        if self._kept or self._has_ended:
            self._advance()

    def _too_many(self) -> bool:
        bound = self._connections_max
        return len(self._connections) >= bound or len(self._server_state.tasks) >= bound

    # The end

    def _end_input(self) -> None:
        """No more will come: what is not whole by now never will be."""
        if self._exchange is not None:
            if self._body is not None and not self._is_unasked:
                self._break_off(malformed=False)
        elif self._kept and self._flow.write_paused:
            return
        elif self._kept:
            self._refuse(MalformedHttp())
        else:
            self._end()

    def _refuse(self, problem: Problem) -> None:
        """Say as the last word of the connection why."""
        self._is_deaf = True
        self.transport.write(refusal(problem))
        self._end()

    def _end(self) -> None:
        """Close, once the client has had time to read; at once, if nothing can be on its way from it."""
        is_heard_out = not (self._kept or self._body is not None or self._is_deaf)
        self._kept, self._body, self._lingers = b"", None, True
        if self._has_ended or is_heard_out:
            self._close()
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.waited_s, self.waits_s_max = 0.0, LINGER_S
        self._flow.resume_reading()

    def _close(self) -> None:
        """Close when all is written; over TLS that waits for the client's farewell, and `Patience` with it."""
        self._lingers = True
        self.waited_s, self.waits_s_max = 0.0, LINGER_S
        self.transport.close()


class Patience:
    """Ends the waits of connections for their clients. Belongs to the running event loop."""

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
                    connection.lose_patience()
        self.start()
