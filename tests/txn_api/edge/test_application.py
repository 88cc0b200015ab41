"""The credential comes first: nobody without a valid one makes the application read, search or look up anything."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from fastapi.routing import APIRoute
from prometheus_client import generate_latest
from starlette.types import Message, Receive, Scope, Send

from operations.http.resources import RESOURCES
from tests.builders import body as full_body
from tests.builders import card_number, json_bytes
from tests.txn_api.asgi import Call
from tests.txn_api.conftest import AppFixture
from txn_api.access.auth import KeyNeeded
from txn_api.app import _PAGES
from txn_api.edge.application import App
from txn_api.edge.open_routes import answering
from txn_api.edge.raw_route import RawRoute

CARD: Final = card_number()
_UNKNOWN: Final = f"Bearer txn_{'0' * 16}_{'0' * 64}"
CREDENTIALS: Final = {
    "none": ({}, "api_key_missing"),
    "a key that is unknown": ({"Authorization": _UNKNOWN}, "api_key_invalid"),
    "what is no key": ({"Authorization": "Bearer x"}, "api_key_invalid"),
    "two": ({"Authorization": "Bearer x, Bearer y"}, "api_key_invalid"),
    "bytes": ({"X-API-Key": "\xff" * 100}, "api_key_invalid"),
}
QUERIES: Final = (
    "",
    f"trace={CARD}",
    f"card_number={CARD}&card_number={CARD}",
    "limit=0&from=x&order=sideways&nobody=knows",
    "a=" + "+".join("1234567890" * 400),
    "%ff%00&&&=&=",
)
HEADERS: Final[tuple[dict[str, str], ...]] = (
    {},
    {"Content-Type": "text/plain", "Content-Encoding": "x", "Accept": "image/png"},
    {"If-None-Match": '"a",' * 1_000, "Accept": "a/b;q=0.1," * 400, "Idempotency-Key": "\x01", "Signature": "t=1"},
    {"traceparent": f"00-{CARD:0>32}-00000000000000aa-01", "X-Note": CARD},
)


def _routes() -> list[APIRoute]:
    return [route for each in RESOURCES if not each.is_open for route in each.routes()]


def _paths() -> Iterator[tuple[str, str]]:
    """Every operation that needs a key, and what stands beside it below the same segment."""
    for route in _routes():
        for method in route.methods or ():
            yield method, route.path_format.replace("{transaction_id}", CARD)
    yield from (("PUT", "/transactions"), ("GET", "/transactions/bulk"), ("OPTIONS", "/merchants"))
    yield from (("GET", "/transactions/"), ("GET", f"/transactions/{CARD}/refunds"), ("BREW", "/merchants/x/y"))


async def _never(scope: Scope, receive: Receive, send: Send) -> None:
    pytest.fail("the framework was asked")


@pytest.mark.parametrize("name", CREDENTIALS)
async def test_without_a_valid_key_nothing_else_is_looked_at(
    desk: AppFixture, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """401 for every operation, whatever else is sent; the framework, the search and the body are not asked."""
    credential, code = CREDENTIALS[name]
    monkeypatch.setattr(desk.app, "middleware_stack", _never)
    for module in ("edge.query_checks", "routes.post"):
        monkeypatch.setattr(f"txn_api.{module}.refuse_card_numbers", lambda *_: pytest.fail("the query was searched"))
    for method, path in _paths():
        for query in QUERIES:
            for headers in HEADERS:
                call = _Unread(desk.app, path, method=method, query=query, headers=headers | credential)
                await call.done()
                assert (call.status, f'"code":"{code}"'.encode() in call.body) == (401, True), (method, path, query)
                assert CARD.encode() not in call.body + str(call.sent).encode()
    assert CARD not in generate_latest(desk.app.state.registry).decode()


class _Unread(Call):
    """A request whose body nobody may ask for before it is answered."""

    async def _run(self) -> None:
        async def receive() -> Message:
            pytest.fail("the body was asked for")

        await self._app(self._scope, receive, self._send)


@pytest.mark.parametrize("query", QUERIES)
async def test_with_a_key_that_may_not_its_right_is_what_is_missing(desk: AppFixture, query: str) -> None:
    """Scopes come before all else that a route does, and so do the limits that are asked with them."""
    headers = desk.key("admin")
    for route in _routes():
        path = route.path_format.replace("{transaction_id}", CARD)
        for method in route.methods or ():
            answer = await desk.client.request(method, f"{path}?{query}", headers=headers, content=b"x")
            assert answer.status_code == 403, (method, path)


def test_the_key_is_the_first_dependency_of_each_operation() -> None:
    """Of a router that forgets it nothing else would tell: what is refused is refused in any order."""
    for route in _routes():
        if not isinstance(route, RawRoute):
            assert isinstance(route.dependencies[0].dependency, KeyNeeded), route.path


def test_what_is_open_is_answered_without_the_framework() -> None:
    """Each of these routes takes nothing but the request, its path and the services."""
    pages = [route for router in _PAGES for route in router.routes if isinstance(route, APIRoute)]
    routes = [*pages, *(route for each in RESOURCES if each.is_open for route in each.routes())]
    assert [route.path for route in routes if answering(route) is None] == []
    assert all(re.fullmatch(r"(/[a-z.]+)*(/|/\{\w+\})?", route.path) for route in routes)


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("GET", "/nowhere", (404, None)),
        ("GET", "", (404, None)),
        ("OPTIONS", "*", (404, None)),
        ("GET", "//transactions", (404, None)),
        ("GET", "/page/nothing.js", (404, None)),
        ("GET", "/docs/a/b", (404, None)),
        ("PUT", "/healthz", (405, "GET, HEAD")),
        ("POST", "/docs/docs.js", (405, "GET, HEAD")),
    ],
)
async def test_what_does_not_exist_costs_no_framework(
    desk: AppFixture, monkeypatch: pytest.MonkeyPatch, method: str, path: str, answer: tuple[int, str | None]
) -> None:
    monkeypatch.setattr(desk.app, "middleware_stack", _never)
    call = _Unread(desk.app, path, method=method, headers={})
    await call.done()
    allow = dict(call.sent[0]["headers"]).get(b"allow")
    assert (call.status, None if allow is None else allow.decode()) == answer


async def test_with_a_key_what_does_not_exist_is_told(desk: AppFixture) -> None:
    """As to anybody, where nothing needs a key."""
    answer = await desk.client.put("/transactions")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert (await desk.client.get("/transactions/a/b")).status_code == 404
    assert (await desk.client.get("/merchants/")).status_code == 404


async def test_a_refused_request_is_counted_by_its_route(desk: AppFixture) -> None:
    """Operators see who is turned away where, also of what no framework matched."""
    for path in ("/transactions/0123456789", "/merchants", "/transactions/x/y"):
        await desk.client.get(path, headers={"Authorization": ""})
    counted = generate_latest(desk.app.state.registry).decode()
    for route in ("/transactions/{transaction_id}", "/merchants", "unmatched"):
        assert f'txn_http_requests_total{{method="GET",route="{route}",status="401"}} 1.0' in counted


async def test_the_door_says_whose_credential_is_known(desk: AppFixture) -> None:
    """To the server that asks from the head alone; a key is known once it was looked up."""
    app: Any = desk.app
    assert isinstance(app, App)
    headers = desk.key("transactions:write")
    scope = {"headers": [(b"authorization", headers["Authorization"].encode())]}
    assert not app.knows({**scope, "state": {}})
    await desk.client.post("/transactions", content=json_bytes(full_body()), headers=headers)
    assert app.knows({**scope, "state": {}})
    assert not app.knows({"headers": [], "state": {}})
