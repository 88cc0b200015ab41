"""Whole requests are answered together at the edge, and nothing that happens to one of them touches another."""

import asyncio
from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Message, Scope

from tests.builders import body, json_bytes
from tests.txn_api.asgi import until
from tests.txn_api.conftest import AppFixture
from txn_api.edge.application import App
from txn_api.edge.buffered_request import EXTENSION, BufferedRequest, BufferedRequests, Header, enter
from txn_api.edge.edge import Edge, Reply
from txn_api.edge.request_context import RequestContext
from txn_api.problems import RateLimited


@dataclass
class Request:
    """A request from a server that notes how it was answered."""

    written: list[bytes] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    slow: bool = False
    lost: bool = False
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scope: Scope = {"type": "http", "method": "POST", "path": "/t", "query_string": b"", "headers": []}
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, application: ASGIApp) -> None:
        task = asyncio.create_task(self._run(application))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, application: ASGIApp) -> None:
        try:
            await application(self.scope, self.receive, self.send)
        except Exception as error:  # noqa: BLE001 - as a server does
            self.broken.append(type(error).__name__)

    def buffered_body(self) -> bytes | None:
        return b"{}"

    def rendered(self, status: int, headers: list[Header], body: bytes) -> bytes | None:
        return None if self.slow else b"%d %b" % (status, body)

    def write(self, rendered: bytes) -> None:
        if self.lost:
            raise RuntimeError("the connection is closed")
        self.written.append(rendered)

    async def receive(self) -> Message:
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)


@dataclass
class Waiting:
    """What the edge is given."""

    request: Request
    context: RequestContext
    said: Reply | Exception

    def answer(self) -> Reply | Exception:
        if isinstance(self.said, ZeroDivisionError):
            raise self.said
        return self.said


async def test_each_of_many_is_answered_in_its_own_way() -> None:
    """At once, slowly, with a problem, with a crash or not at all; all are counted out."""
    registry = CollectorRegistry()
    edge = Edge(requests_max=10, registry=registry)
    plain, slow, refused, crashed, lost, last = (
        Request(),
        Request(slow=True),
        Request(),
        Request(),
        Request(lost=True),
        Request(),
    )
    said: list[tuple[Request, Reply | Exception]] = [
        (plain, (202, [], b"1")),
        (slow, (202, [], b"2")),
        (refused, RateLimited()),
        (crashed, ZeroDivisionError()),
        (lost, (202, [], b"5")),
        (last, (202, [], b"6")),
    ]
    for request, what in said:
        edge.answer_soon(Waiting(request, edge.begin(request.scope, request.send), what))
    assert plain.written == []  # not before the turn is over
    await until(lambda: registry.get_sample_value("txn_http_requests_in_flight") == 0)
    assert (plain.written, last.written) == ([b"202 1"], [b"202 6"])
    assert [message.get("status", message.get("body")) for message in slow.sent] == [202, b"2"]
    assert [refused.sent[0]["status"], crashed.sent[0]["status"]] == [429, 500]
    assert lost.broken == ["RuntimeError"]  # which has its server cut the connection
    answered = {
        status: registry.get_sample_value(
            "txn_http_requests_total", {"method": "POST", "route": "unmatched", "status": status}
        )
        for status in ("202", "429", "500")
    }
    assert answered == {"202": 4, "429": 1, "500": 1}


async def test_what_stands_against_a_request_at_the_edge_is_said_before_it_begins() -> None:
    """A query is searched and a full house is refused in ASGI's way."""
    edge = Edge(requests_max=1, registry=CollectorRegistry())
    request = Request()
    assert edge.admits(request.scope)
    assert not edge.admits({**request.scope, "query_string": b"a=b"})
    context = edge.begin(request.scope, request.send)
    assert not edge.admits(request.scope)
    edge.end(context)
    assert edge.admits(request.scope)


def test_the_first_application_stands_in_the_extension() -> None:
    """Such as one that is around another; a server without the extension is told nothing."""
    extension = BufferedRequests()
    outer, inner = Buffering(), Buffering()
    for application in (outer, inner):
        enter(application, {"type": "lifespan", "extensions": {EXTENSION: extension}})
    assert extension.application is outer
    for scope in (
        {"type": "http"},
        {"type": "http", "extensions": None},
        {"type": "http", "extensions": {"tls": {}}},
    ):
        enter(inner, scope)


class Buffering:
    """An application that takes nothing."""

    def take(self, request: BufferedRequest) -> bool:
        return False

    def knows(self, scope: Scope) -> bool:
        return False


@dataclass
class Post(Request):
    """A post of a known sender."""

    fields: dict[str, str] = field(default_factory=dict)
    content: bytes = b""

    def __post_init__(self) -> None:
        super().__post_init__()
        headers = [(name.lower().encode(), value.encode()) for name, value in self.fields.items()]
        self.scope.update({"path": "/transactions", "headers": headers, "state": {}})

    def buffered_body(self) -> bytes | None:
        return self.content

    @property
    def status(self) -> int:
        """What it was answered with, in whatever way."""
        return int(self.written[0][:3]) if self.written else int(self.sent[0]["status"])


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"Content-Type": "application/json"}, 202),
        ({"Content-Type": "application/json; charset=utf-8"}, 202),
        ({"Content-Type": "Application/JSON"}, 202),
        ({}, 202),
        ({"Content-Encoding": "identity"}, 202),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
    ],
)
async def test_a_post_of_any_type_is_answered_in_the_batch_as_it_is_alone(
    desk: AppFixture, fields: dict[str, str], status: int
) -> None:
    """The type and the encoding decide in both ways alike, and not which way a post goes."""
    headers = fields | desk.key("transactions:write")
    alone = await desk.client.post(
        "/transactions", content=json_bytes(body(transaction_id="alone000")), headers=headers
    )
    buffered = Post(fields=headers, content=json_bytes(body(transaction_id="buffered")))
    app = desk.app
    assert isinstance(app, App)
    assert app.take(buffered)
    await until(lambda: buffered.written or buffered.sent)
    assert buffered.status == alone.status_code == status
    assert bool(buffered.written) == (status == 202)
