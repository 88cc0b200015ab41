"""The service as far as a loader sees it, with what it shall do wrong said beforehand."""

import asyncio
import json
import socket
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import httpx
import uvicorn
from starlette.types import Receive, Scope, Send

from ingest.api_client.client import CONNECTIONS_MAX, ApiClient
from txn_api.problems import Problem as ApiProblem
from txn_api.routes.review_shapes import LabelRequest
from txn_api.writes.json_bodies import JsonBody
from txn_core.exceptions import InvalidTransactionError
from txn_core.transactions.transaction import parse_transaction

API_KEY = "key-for-tests"
LABEL = JsonBody(LabelRequest)
Decide = Callable[[bytes], Mapping[str, object] | None]
"""The problem of a line, if it has one."""


@dataclass(frozen=True)
class HttpReply:
    """Answer with a problem instead of doing anything."""

    status: int
    code: str = "made_up"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class CutOff:
    """Take the first lines of the upload (or the transaction, if any), then break the connection."""

    after: int = 0


@dataclass(frozen=True)
class Unsettled:
    """Answer some lines of the upload, 1-based, with a problem that may pass later; do not take them."""

    lines: Sequence[int]
    code: str = "outcome_unknown"


@dataclass(frozen=True)
class StopReading:
    """Read so many lines of the upload and leave it at that."""

    after: int


@dataclass(frozen=True)
class Bytes:
    """Answer with 200 and these very bytes."""

    body: bytes


@dataclass(frozen=True)
class Hang:
    """Never answer; `reached` is set when it has come to that."""

    reached: threading.Event = field(default_factory=threading.Event)


Fault = HttpReply | CutOff | Unsettled | StopReading | Bytes | Hang


def problem(status: int, code: str, errors: Sequence[Mapping[str, str]] = ()) -> dict[str, object]:
    """A problem document."""
    return {"type": f"/problems/{code}", "title": code.capitalize(), "status": status, "code": code, "errors": errors}


@dataclass
class FakeApi:
    """An ASGI application that judges transactions by the domain's own rules and keeps the good ones by id.

    `faults` are used up one a request, none meaning a sound one. `requests` holds the ids of each post, in the
    order of arrival. `documents` are what GET answers, by id; `lagging` what lists show in place of some, none
    meaning nothing. `reads` holds the ids that were asked for, `lists` the queries for pages; `api_keys` are taken.
    """

    faults: deque[Fault | None] = field(default_factory=deque)
    requests: list[list[str]] = field(default_factory=list)
    stored: dict[str, int] = field(default_factory=dict)
    labels: list[dict[str, object]] = field(default_factory=list)
    documents: dict[str, Mapping[str, object]] = field(default_factory=dict)
    lagging: dict[str, Mapping[str, object] | None] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    lists: list[dict[str, str]] = field(default_factory=list)
    page_rows_max: int = 1_000
    api_keys: frozenset[str] = frozenset({API_KEY})
    at_once: int = 0
    at_once_max: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        if scope["type"] == "http":
            self.at_once += 1
            self.at_once_max = max(self.at_once_max, self.at_once)
            try:
                await asyncio.sleep(0)  # as over a network, other requests may come in
                await self._serve(scope, receive, send)
            finally:
                self.at_once -= 1

    @asynccontextmanager
    async def client(self) -> AsyncIterator[ApiClient]:
        """A client whose requests come straight here."""
        transport = httpx.ASGITransport(self)
        headers = {"Authorization": f"Bearer {API_KEY}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://fake", headers=headers) as http:
            yield ApiClient([http] * CONNECTIONS_MAX)

    @contextmanager
    def served(self) -> Iterator[str]:
        """The service on a real port, its base URL."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            config = uvicorn.Config(
                self, lifespan="off", ws="none", log_level="critical", timeout_graceful_shutdown=0
            )
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True
                thread.join()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if scope["path"] == "/healthz":
            await _send(send, 200, b"{}")
            return
        fault = self.faults.popleft() if self.faults else None
        if dict(scope["headers"]).get(b"authorization", b"").decode().removeprefix("Bearer ") not in self.api_keys:
            fault = HttpReply(401, "api_key_invalid")
        if isinstance(fault, HttpReply):
            await _send(send, fault.status, json.dumps(problem(fault.status, fault.code)).encode(), fault.headers)
        elif isinstance(fault, Bytes):
            await _send(send, 200, fault.body)
        elif isinstance(fault, Hang):
            fault.reached.set()
            await asyncio.Event().wait()
        elif scope["method"] == "GET":
            if isinstance(fault, CutOff):
                raise httpx.ReadError("cut off")
            if scope["path"] == "/transactions":
                await self._list(dict(parse_qsl(scope["query_string"].decode(), strict_parsing=True)), send)
            else:
                await self._get(scope["path"].rpartition("/")[2], send)
        elif scope["path"] in {"/transactions/bulk", "/labels/bulk"}:
            decide = self._label if scope["path"] == "/labels/bulk" else self._decide
            await self._bulk(body.splitlines(), fault, send, decide)
        else:
            await self._single(body, fault, send)

    async def _list(self, query: dict[str, str], send: Send) -> None:
        """One page of a card's documents, oldest first; a cursor is the sort key of the last one before it."""
        self.lists.append(query)
        assert query["order"] == "asc"
        shown = (document for document in (self.documents | self.lagging).values() if document is not None)
        mine = {
            f"{document['occurred_at']}#{document['transaction_id']}": document
            for document in shown
            if document["card_id"] == query["card_id"] and query["from"] <= str(document["occurred_at"]) < query["to"]
        }
        keys = [key for key in sorted(mine) if key > query.get("cursor", "")]
        page = keys[: min(int(query["limit"]), self.page_rows_max)]
        has_more = len(page) < len(keys)
        answer = {
            "data": [mine[key] for key in page],
            "has_more": has_more,
            "next_cursor": page[-1] if has_more else None,
        }
        await _send(send, 200, json.dumps(answer).encode())

    async def _get(self, transaction_id: str, send: Send) -> None:
        self.reads.append(transaction_id)
        document = self.documents.get(transaction_id)
        if document is None:
            await _send(send, 404, json.dumps(problem(404, "transaction_not_found")).encode())
        else:
            await _send(send, 200, json.dumps(document).encode())

    async def _single(self, body: bytes, fault: Fault | None, send: Send) -> None:
        self.requests.append([_id(body)])
        if isinstance(fault, CutOff) and not fault.after:
            raise httpx.ReadError("cut off")
        judged = self._decide(body)
        if isinstance(fault, CutOff):
            raise httpx.ReadError("cut off")
        status = 422 if judged else 202
        await _send(send, status, json.dumps(judged or {"status": "accepted"}).encode())

    async def _bulk(self, lines: Sequence[bytes], fault: Fault | None, send: Send, decide: Decide) -> None:
        self.requests.append([_id(line) for line in lines])
        problems: dict[int, Mapping[str, object]] = {}
        unknown = 0
        read = fault.after if isinstance(fault, CutOff | StopReading) else len(lines)
        for number, line in enumerate(lines[:read], start=1):
            if isinstance(fault, Unsettled) and number in fault.lines:
                problems[number] = problem(503, fault.code)
                unknown += 1
            elif judged := decide(line):
                problems[number] = judged
        if isinstance(fault, CutOff):
            raise httpx.ReadError("cut off")
        totals = {
            "receipt_id": f"receipt-{len(self.requests)}",
            "read": read,
            "accepted": read - len(problems),
            "rejected": len(problems) - unknown,
            "unknown": unknown,
            "ended": "complete",
        }
        answers = [*({"line": number, "problem": p} for number, p in problems.items()), totals]
        await _send(send, 200, "".join(json.dumps(answer) + "\n" for answer in answers).encode())

    def _label(self, body: bytes) -> Mapping[str, object] | None:
        try:
            self.labels.append(LABEL.parsed(body).model_dump(exclude_none=True))
        except ApiProblem as refused:
            return refused.document("req_0000000000000000")
        return None

    def _decide(self, body: bytes) -> Mapping[str, object] | None:
        try:
            request = parse_transaction(body)
        except InvalidTransactionError as error:
            errors = [{"pointer": f.pointer, "code": f.code, "message": f.message} for f in error.faults]
            return problem(422, "validation_failed", errors)
        transaction_id = request.transaction_id or ""
        self.stored[transaction_id] = self.stored.get(transaction_id, 0) + 1
        return None


def _id(body: bytes) -> str:
    return str(json.loads(body)["transaction_id"])


async def _body(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def _send(send: Send, status: int, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> None:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
