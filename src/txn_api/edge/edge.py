"""The outermost layer, as plain ASGI: request ids, bounds, metrics, and the last word on every failure.

Nothing that a client wrote is logged: a log line names the route's template, the method, the status and our own
request id, and of the client's words a trace id alone (`txn_api.edge.trace`).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Receive, Scope, Send

from txn_api.access.rate_limits import Allowance
from txn_api.edge.buffered_request import BufferedRequest, Header, messages
from txn_api.edge.refusal_turns import RefusalTurns
from txn_api.edge.request_context import RequestContext
from txn_api.edge.request_ids import request_ids
from txn_api.edge.request_log import RequestLog
from txn_api.edge.request_metrics import OPERATORS, RequestMetrics
from txn_api.edge.security_headers import Headers
from txn_api.problems import InternalError, Overloaded, ParameterInvalid, Problem
from txn_core.transactions.faults import Fault

QUERY_FIELDS_MAX: Final = 32
QUERY_BYTES_MAX: Final = 8_192  # the longest name and cursor, percent-encoded, take half of it
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_ASIDE_S: Final = "aside_s"
"""In a request's state: seconds of its time that are no part of its answering."""

Reply = tuple[int, list[Header], bytes]


class Waiting(Protocol):
    """A whole request that has begun, and what is to be said of it."""

    @property
    def request(self) -> BufferedRequest:
        """From its server."""

    @property
    def context(self) -> RequestContext:
        """From `Edge.begin`."""

    def answer(self) -> Reply | Exception:
        """Status, headers and body, or what the request is refused with; asked once."""


class Edge:
    """What every request passes, whatever answers it."""

    def __init__(
        self, *, requests_max: int, registry: CollectorRegistry, headers: Headers = (), log_all: bool = False
    ) -> None:
        """Take what bounds requests and counts them; `headers` stand on every answer."""
        self._requests_max, self._headers = requests_max, headers
        self._requests = 0
        self._waiting: list[Waiting] = []
        self._refusals = RefusalTurns()
        self._ids = request_ids()
        self._metrics = RequestMetrics(registry, lambda: self._requests)
        self._log = RequestLog(registry, log_all=log_all)

    async def answer(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Have one HTTP request answered; whatever happens inside, the client gets an answer that quotes nothing."""
        context = self.begin(scope, send)
        try:
            if self._requests > self._requests_max:
                _refuse_too_many(scope["path"])
            if query := scope["query_string"]:
                _bound(query)
            await app(scope, receive, context.send)
        except Exception as error:  # noqa: BLE001 - the outermost layer: nothing may get past it unanswered
            await self._refuse(error, context, receive)
        finally:
            context.started_at += scope["state"].get(_ASIDE_S, 0.0)
            self.end(context)

    @contextmanager
    def set_aside(self, scope: Scope) -> Iterator[None]:
        """Count a request that is answered for hours neither as one under way nor as one of its key's.

        Whoever sets requests aside bounds how many there are. Nor does the time count as time to answer.
        """
        state, began = scope["state"], time.perf_counter()
        allowance: Allowance | None = state.get("allowance")
        if allowance is not None:
            allowance.leave()
        self._requests -= 1
        try:
            yield
        finally:
            self._requests += 1
            if allowance is not None:
                allowance.come_back()
            state[_ASIDE_S] = time.perf_counter() - began

    # The same in parts, for requests that are answered without a coroutine.

    def admits(self, scope: Scope) -> bool:
        """Whether nothing at the edge stands against a request that has not begun."""
        return not scope["query_string"] and self._requests < self._requests_max

    def begin(self, scope: Scope, send: Send) -> RequestContext:
        """Count a request in; `end`, `fail` or `answer_soon` has to follow."""
        self._requests += 1
        return RequestContext(scope, send, next(self._ids), self._headers)

    def close(self) -> None:
        """Say what is still to be said in the log, at the end of the process."""
        self._log.tell()

    def end(self, context: RequestContext) -> None:
        """Count out a request that is answered."""
        self._requests -= 1
        if not context.has_left and (allowance := context.allowance) is not None:
            allowance.leave()
        self._record(context)

    def fail(self, error: Exception, request: BufferedRequest, context: RequestContext) -> None:
        """Tell the client of a request that has begun what went wrong."""

        async def refuse(receive: Receive) -> None:
            await self._refuse(error, context, receive)

        self._go_on(refuse, request, context)

    def answer_soon(self, waiting: Waiting) -> None:
        """Answer a request that has begun, in this turn of the event loop and with all others that can be."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._answer_waiting)
        self._waiting.append(waiting)

    def _answer_waiting(self) -> None:
        """Each step of all answers in a row, as `txn_api.writes.batch` does it, and for the same reason."""
        waiting, self._waiting = self._waiting, []
        rendered = [(each, data) for each in waiting if (data := self._rendered(each)) is not None]
        for context in [each.context for each, data in rendered if self._written(each, data)]:
            self.end(context)

    def _rendered(self, waiting: Waiting) -> bytes | None:
        """The answer as it will be written; none when it goes a way of its own."""
        request, context = waiting.request, waiting.context
        try:
            answer = waiting.answer()
            if isinstance(answer, Exception):
                self.fail(answer, request, context)
                return None
            status, headers, body = answer
            rendered = request.rendered(status, context.with_ours(headers), body)
        except Exception as error:  # noqa: BLE001 - it is this request's, and the others have to be answered
            self.fail(error, request, context)
            return None
        if rendered is None:
            self._send(answer, request, context)
        else:
            context.status = status
        return rendered

    def _written(self, waiting: Waiting, rendered: bytes) -> bool:
        try:
            waiting.request.write(rendered)
        except Exception as error:  # noqa: BLE001 - such as a lost connection; the other requests go on
            self.fail(error, waiting.request, waiting.context)
            return False
        return True

    def _send(self, answer: Reply, request: BufferedRequest, context: RequestContext) -> None:
        """Send an answer as fast as its client takes it."""

        async def send(_: Receive) -> None:
            for message in messages(*answer):
                await context.send(message)

        self._go_on(send, request, context)

    def _go_on(
        self, rest: Callable[[Receive], Awaitable[None]], request: BufferedRequest, context: RequestContext
    ) -> None:
        """Do in a task what is left to do for a request that has begun without one."""

        async def application(_scope: Scope, receive: Receive, _send: Send) -> None:
            try:
                await rest(receive)
            finally:
                self.end(context)

        request.begin(application)

    async def _refuse(self, error: Exception, context: RequestContext, receive: Receive) -> None:
        if not isinstance(error, Problem):
            self._log.failed(context, error)
            error = InternalError()
        # Nobody reads where a problem comes from, whose frames and the request would keep each other.
        error.__traceback__ = error.__context__ = None
        await self._let_others_go_on(context)
        await context.answer(error, receive)

    async def _let_others_go_on(self, context: RequestContext) -> None:
        """Let a refusal wait for its turn. Meanwhile it counts neither as a request under way nor as its key's."""
        if (allowance := context.allowance) is not None:
            allowance.leave()
            context.has_left = True
        self._requests -= 1
        try:
            await self._refusals.turn()
        finally:
            self._requests += 1

    def _record(self, context: RequestContext) -> None:
        scope = context.scope
        found: APIRoute | None = scope.get("route")
        route = "unmatched" if found is None else found.path_format
        method = scope["method"] if scope["method"] in _METHODS else "other"
        seconds = time.perf_counter() - context.started_at
        self._metrics.answered(method, route, context.status, seconds, context.code)
        if context.status >= self._log.status_min:
            self._log.answered(context, method, route, seconds)


def _refuse_too_many(path: str) -> None:
    # A busy process is alive: who watches it must not take it for dead.
    if path not in OPERATORS:
        raise Overloaded


def _bound(query_string: bytes) -> None:
    """Hold a query to its bounds before anything reads it; whether it is searched is its route's to say."""
    if len(query_string) > QUERY_BYTES_MAX:
        raise ParameterInvalid([Fault("", "text_too_long")])
    if query_string.count(b"&") >= QUERY_FIELDS_MAX:
        raise ParameterInvalid([Fault("", "invalid_value")])
