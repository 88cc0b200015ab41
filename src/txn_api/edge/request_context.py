"""One request on its way through the edge, and what every answer to it has."""

import time
from collections.abc import Iterable
from typing import Final

from starlette.types import Message, Receive, Scope, Send

from txn_api.access.rate_limits import Allowance
from txn_api.edge.buffered_request import Header
from txn_api.edge.security_headers import Headers
from txn_api.edge.trace import trace_id_of_request, traceresponse
from txn_api.problems import CardNumberMisplaced, Problem

UNTRACED: Final = "untraced"
"""In a request's state: that its trace id is not looked at."""
_UNKNOWN = ""


class RequestContext:
    """A request under way. `status` is its answer's status, 0 until the answer begins; `code` its problem's."""

    __slots__ = ("_headers", "_send", "_trace_id", "code", "has_left", "request_id", "scope", "started_at", "status")

    def __init__(self, scope: Scope, send: Send, request_id: str, headers: Headers) -> None:
        self.scope, self._send, self._headers = scope, send, headers
        self.request_id = request_id
        self._trace_id: str | None = _UNKNOWN  # it is looked for when it is needed
        scope.setdefault("state", {})["request_id"] = self.request_id
        self.started_at = time.perf_counter()
        self.status, self.code = 0, ""
        self.has_left = False
        """Whether the allowance was left before the answer."""

    @property
    def ids(self) -> dict[str, str]:
        """What a log line is found by."""
        ids = {"request_id": self.request_id}
        return ids if (trace_id := self._safe_trace_id()) is None else ids | {"trace_id": trace_id}

    @property
    def allowance(self) -> Allowance | None:
        """That which the request has entered."""
        allowance: Allowance | None = self.scope["state"].get("allowance")
        return allowance

    async def send(self, message: Message) -> None:
        """As ASGI has it."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self.with_ours(message.get("headers", ()))
        await self._send(message)

    async def answer(self, problem: Problem, receive: Receive) -> None:
        """Send a problem, unless the answer has begun: then the connection is cut, which says enough."""
        if self.status:
            raise RuntimeError("an answer broke off") from None
        self.code = problem.code
        if isinstance(problem, CardNumberMisplaced):
            # Its own card number, of whatever length, may stand in the trace id, too: that is not repeated.
            self.scope["state"][UNTRACED] = True
        await problem.response(self.request_id)(self.scope, receive, self.send)

    def with_ours(self, headers: Iterable[Header]) -> list[Header]:
        """The headers of an answer, and those that every answer has."""
        allowance = self.allowance
        limits = () if allowance is None else allowance.fields()
        every = [*headers, (b"x-request-id", self.request_id.encode()), *limits, *self._headers]
        if (trace_id := self._safe_trace_id()) is not None:
            every.append((b"traceresponse", traceresponse(trace_id, self.request_id)))
        return every

    def _safe_trace_id(self) -> str | None:
        if UNTRACED in self.scope["state"]:
            return None
        if self._trace_id is _UNKNOWN:
            self._trace_id = trace_id_of_request(self.scope)
        return self._trace_id
