"""The outermost layer, as plain ASGI: request ids, bounds, metrics, and the last word on every failure.

Nothing that a client wrote is logged: a log line names the route's template, the method, the status and our own
request id. A traceback is reduced to its places, since an exception's text may quote what was sent.
"""

import itertools
import secrets
import time
import traceback
from functools import cache
from typing import Final
from urllib.parse import parse_qsl

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from txn_api.limits import Allowance
from txn_api.problems import CardNumberMisplaced, InternalError, Overloaded, ParameterInvalid, Problem
from txn_core.faults import Fault
from txn_core.pan import holds_card_number

QUERY_FIELDS_MAX: Final = 32
QUERY_BYTES_MAX: Final = 8_192  # the longest name and cursor, percent-encoded, take half of it
# Ids and cursors may pass Luhn by chance; the card number has its own parameter.
_EXEMPT_PARAMETERS: Final = frozenset({"card_number", "card_id", "cursor"})
# A busy process is alive: who watches it must not take it for dead.
_OPERATORS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS_S: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_HEADERS: Final = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))

log = structlog.get_logger()


class Edge:
    """Wraps the whole application."""

    def __init__(
        self, app: ASGIApp, *, requests_max: int, registry: CollectorRegistry, log_all: bool = False
    ) -> None:
        self._app, self._requests_max, self._log_all = app, requests_max, log_all
        self._requests = 0
        # Random a process and counted within it: unique is all that an id has to be.
        self._ids_begin, self._numbers = f"req_{secrets.token_hex(4)}", itertools.count()
        self._answered = Counter(
            "txn_http_requests", "Answered requests", ["method", "route", "status"], registry=registry
        )
        self._duration_s = Histogram(
            "txn_http_request_seconds", "Time to the answer's end", ["route"], registry=registry, buckets=_BUCKETS_S
        )
        # A labelled metric is looked up under a lock: each is looked up once. Routes, methods and statuses are few.
        self._answered_as = cache(self._answered.labels)
        self._duration_of = cache(self._duration_s.labels)
        self._in_flight = Gauge("txn_http_requests_in_flight", "Requests being answered", registry=registry)
        self._in_flight.set_function(lambda: self._requests)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever happens inside, the client gets an answer that quotes nothing."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send, f"{self._ids_begin}{next(self._numbers):08x}")
        self._requests += 1
        try:
            self._refuse_too_many(scope["path"])
            _refuse_card_numbers(scope["query_string"])
            await self._app(scope, receive, exchange.send)
        except Problem as problem:
            await exchange.answer(problem, receive)
        except Exception as error:  # noqa: BLE001 - the outermost layer: nothing may get past it unanswered
            log.error("request failed", request_id=exchange.request_id, **_places(error))  # noqa: TRY400 - a logged exception would quote its text
            await exchange.answer(InternalError(), receive)
        finally:
            self._requests -= 1
            if (allowance := scope["state"].get("allowance")) is not None:
                allowance.leave()
            self._record(scope, exchange)

    def _refuse_too_many(self, path: str) -> None:
        if self._requests > self._requests_max and path not in _OPERATORS:
            raise Overloaded

    def _record(self, scope: Scope, exchange: "_Exchange") -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        seconds = time.perf_counter() - exchange.started_at
        self._answered_as(method, route, exchange.status).inc()
        self._duration_of(route).observe(seconds)
        if exchange.status < 400 and not self._log_all:
            return
        log.info(
            "request",
            request_id=exchange.request_id,
            method=method,
            route=route,
            status=exchange.status,
            ms=round(seconds * 1000, 1),
        )


class _Exchange:
    """One request and its answer."""

    __slots__ = ("_scope", "_send", "request_id", "started_at", "status")

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self._scope, self._send = scope, send
        self.request_id = request_id
        self.started_at = time.perf_counter()
        self.status = 0
        scope.setdefault("state", {})["request_id"] = self.request_id

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = (b"x-request-id", self.request_id.encode())
            allowance: Allowance | None = self._scope["state"].get("allowance")
            limits = () if allowance is None else allowance.fields()
            message["headers"] = [*message.get("headers", ()), own, *limits, *_HEADERS]
        await self._send(message)

    async def answer(self, problem: Problem, receive: Receive) -> None:
        """Send a problem, unless the answer has begun: then the connection is cut, which says enough."""
        if self.status:
            raise RuntimeError("an answer broke off") from None
        await problem.response(self.request_id)(self._scope, receive, self.send)


def _refuse_card_numbers(query_string: bytes) -> None:
    """Search the query before anything reads it: it must not be logged further down either."""
    if not query_string:
        return
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
