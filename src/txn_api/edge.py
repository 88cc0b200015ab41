"""The outermost layer, as plain ASGI: request ids, bounds, metrics, and the last word on every failure.

Nothing that a client wrote is logged: a log line names the route's template, the method, the status and our own
request id, and of the client's words a trace id alone (`txn_api.trace`). A traceback is reduced to its places, since
an exception's text may quote what was sent.
"""

import itertools
import secrets
import time
import traceback
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl

import structlog
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from txn_api.limits import Allowance
from txn_api.problems import CardNumberMisplaced, InternalError, Overloaded, ParameterInvalid, Problem
from txn_api.request_metrics import RequestMetrics
from txn_api.security_headers import Headers
from txn_api.trace import trace_id_of_request, traceresponse
from txn_api.whole_answer import Header, answer_at_once
from txn_core.faults import Fault
from txn_core.pan import holds_card_number

QUERY_FIELDS_MAX: Final = 32
QUERY_BYTES_MAX: Final = 8_192  # the longest name and cursor, percent-encoded, take half of it
# Ids and cursors may pass Luhn by chance; the card number has its own parameter.
_EXEMPT_PARAMETERS: Final = frozenset({"card_number", "card_id", "cursor"})
# A busy process is alive: who watches it must not take it for dead.
_OPERATORS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNTRACED: Final = "untraced"

log = structlog.get_logger()


class Edge:
    """What every request passes, whatever answers it."""

    def __init__(
        self, *, requests_max: int, registry: CollectorRegistry, headers: Headers = (), log_all: bool = False
    ) -> None:
        """Take what bounds requests and counts them; `headers` stand on every answer."""
        self._requests_max, self._headers, self._log_all = requests_max, headers, log_all
        self._requests = 0
        # Random a process and counted within it: unique is all that an id has to be.
        self._ids_begin, self._numbers = f"req_{secrets.token_hex(4)}", itertools.count()
        self._metrics = RequestMetrics(registry, lambda: self._requests)

    async def answer(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Have one HTTP request answered; whatever happens inside, the client gets an answer that quotes nothing."""
        exchange = _Exchange(scope, send, f"{self._ids_begin}{next(self._numbers):08x}", self._headers)
        self._requests += 1
        try:
            if self._requests > self._requests_max:
                _refuse_too_many(scope["path"])
            if query := scope["query_string"]:
                _refuse_card_numbers(query)
            await app(scope, receive, exchange.send)
        except Problem as problem:
            await exchange.answer(problem, receive)
        except Exception as error:  # noqa: BLE001 - the outermost layer: nothing may get past it unanswered
            log.error("request failed", **exchange.ids, **_places(error))  # noqa: TRY400 - a logged exception would quote its text
            await exchange.answer(InternalError(), receive)
        finally:
            self._requests -= 1
            if (allowance := scope["state"].get("allowance")) is not None:
                allowance.leave()
            self._record(scope, exchange)

    def _record(self, scope: Scope, exchange: "_Exchange") -> None:
        route = getattr(scope.get("route"), "path_format", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        seconds = time.perf_counter() - exchange.started_at
        self._metrics.answered(method, route, exchange.status, seconds)
        if exchange.status < 400 and not self._log_all:
            return
        log.info(
            "request",
            **exchange.ids,
            method=method,
            route=route,
            status=exchange.status,
            ms=round(seconds * 1000, 1),
        )


class Guarded:
    """The edge around an application, as a middleware of the framework."""

    def __init__(self, app: ASGIApp, edge: Edge) -> None:
        self._app, self._edge = app, edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is no request goes on."""
        if scope["type"] == "http":
            await self._edge.answer(self._app, scope, receive, send)
        else:
            await self._app(scope, receive, send)


class _Exchange:
    """One request and its answer."""

    __slots__ = ("_headers", "_scope", "_send", "_trace_id", "request_id", "started_at", "status")

    def __init__(self, scope: Scope, send: Send, request_id: str, headers: Headers) -> None:
        self._scope, self._send, self._headers = scope, send, headers
        self.request_id = request_id
        scope.setdefault("state", {})["request_id"] = self.request_id
        self._trace_id = trace_id_of_request(scope)
        self.started_at = time.perf_counter()
        self.status = 0

    @property
    def ids(self) -> dict[str, str]:
        """What a log line is found by."""
        ids = {"request_id": self.request_id}
        return ids if (trace_id := self._safe_trace_id()) is None else ids | {"trace_id": trace_id}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._with_ours(message.get("headers", ()))
        await self._send(message)

    def answer_at_once(self, status: int, headers: Iterable[Header], body: bytes) -> bool:
        """See `txn_api.whole_answer`."""
        if not answer_at_once(self._send, status, self._with_ours(headers), body):
            return False
        self.status = status
        return True

    async def answer(self, problem: Problem, receive: Receive) -> None:
        """Send a problem, unless the answer has begun: then the connection is cut, which says enough."""
        if self.status:
            raise RuntimeError("an answer broke off") from None
        forget_trace_of(problem, self._scope)
        await problem.response(self.request_id)(self._scope, receive, self.send)

    def _with_ours(self, headers: Iterable[Header]) -> list[Header]:
        allowance: Allowance | None = self._scope["state"].get("allowance")
        limits = () if allowance is None else allowance.fields()
        every = [*headers, (b"x-request-id", self.request_id.encode()), *limits, *self._headers]
        if self._trace_id is not None and (trace_id := self._safe_trace_id()) is not None:
            every.append((b"traceresponse", traceresponse(trace_id, self.request_id)))
        return every

    def _safe_trace_id(self) -> str | None:
        return None if _UNTRACED in self._scope["state"] else self._trace_id


def forget_trace_of(problem: Problem, scope: Scope) -> None:
    """Repeat no trace id of a request whose own card number, of whatever length, stood where it must not."""
    if isinstance(problem, CardNumberMisplaced):
        scope["state"][_UNTRACED] = True


def _refuse_too_many(path: str) -> None:
    if path not in _OPERATORS:
        raise Overloaded


def _refuse_card_numbers(query_string: bytes) -> None:
    """Search the query before anything reads it: it must not be logged further down either."""
    if len(query_string) > QUERY_BYTES_MAX:
        raise ParameterInvalid([Fault("", "text_too_long")])
    try:
        parameters = parse_qsl(
            query_string.decode("latin-1"), keep_blank_values=True, max_num_fields=QUERY_FIELDS_MAX
        )
    except ValueError:
        raise ParameterInvalid([Fault("", "invalid_value")]) from None
    for name, value in parameters:
        if holds_card_number(name) or (name not in _EXEMPT_PARAMETERS and holds_card_number(value)):
            raise CardNumberMisplaced([Fault("", "card_number_misplaced")])


def _places(error: Exception) -> dict[str, object]:
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[-8:]]
    return {"error": type(error).__name__, "places": places}
