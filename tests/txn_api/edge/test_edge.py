"""The outermost layer: what every answer has, whatever happened inside."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import cast

import pytest
import structlog
from prometheus_client import CollectorRegistry, generate_latest
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.testing import LogCapture

from tests.builders import body, card_number
from tests.support.fake_kinesis import Reply
from tests.txn_api.asgi import Call
from tests.txn_api.conftest import AppFixture
from txn_api.edge.edge import Edge
from txn_api.writes.admission import Admission
from txn_api.writes.batch import PostBatch
from txn_core.card_numbers.issuer_ranges import NO_RANGES

CARD = card_number()
SECRET = "the text of an exception"


@pytest.fixture
def log() -> Iterator[LogCapture]:
    """Whatever is logged, also below the level that is shown."""
    capture = LogCapture()
    with structlog.testing.capture_logs() as entries:
        capture.entries = entries
        yield capture


async def _crash_before(scope: Scope, receive: Receive, send: Send) -> None:
    raise ValueError(SECRET)


async def _crash_behind(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ValueError(SECRET)


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _behind_an_edge(app: ASGIApp, requests_max: int) -> ASGIApp:
    return partial(Edge(requests_max=requests_max, registry=CollectorRegistry()).answer, app)


async def test_a_crash_is_answered_without_its_text(log: LogCapture) -> None:
    """The client gets a problem, the log gets the kind and the places, and neither gets the exception's text."""
    call = Call(_behind_an_edge(_crash_before, 1), "/x", headers={})
    await call.done()
    assert call.status == 500
    assert b'"code":"internal_error"' in call.body
    assert SECRET.encode() not in call.body
    failed = next(entry for entry in log.entries if entry["event"] == "request_failed")
    assert failed["error"] == "ValueError"
    assert failed["places"][-1].endswith("_crash_before")
    assert SECRET not in str(log.entries)


async def test_an_answer_that_broke_off_is_cut(log: LogCapture) -> None:
    """Behind the status nothing can be mended: the server is told to cut the connection, without the text."""
    call = Call(_behind_an_edge(_crash_behind, 1), "/x", headers={})
    with pytest.raises(RuntimeError, match="broke off") as broken:
        await call.done()
    assert broken.value.__suppress_context__
    assert SECRET not in str(log.entries)


async def test_a_crash_inside_a_route_says_nothing_of_the_request(
    desk: AppFixture, log: LogCapture, caplog: pytest.LogCaptureFixture
) -> None:
    """An error whose text quotes the request stays inside, also where the framework would log it."""
    caplog.set_level(logging.DEBUG)

    class Quoting:
        luhn_exempt = NO_RANGES

        def submission(self, body: bytes, *_: object, **__: object) -> None:
            raise ValueError(body.decode())

    posts = PostBatch(cast("Admission", Quoting()), desk.services.producer)
    desk.app.state.services = replace(desk.services, posts=posts)
    answer = await desk.client.post("/transactions", json=body())
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert next(entry for entry in log.entries if entry["event"] == "request_failed")["error"] == "ValueError"
    for output in (answer.text, str(log.entries), caplog.text):
        assert CARD not in output
        assert "Rippin" not in output


async def test_too_many_requests_are_turned_away() -> None:
    """Beyond the bound 503 comes at once, with a time to come back, but not to probes: a busy process is alive."""
    edge = _behind_an_edge(_answer, 2)
    waiting = [Call(edge, "/x", headers={}) for _ in range(2)]
    await asyncio.sleep(0)
    refused = Call(edge, "/x", headers={})
    await refused.done()
    assert refused.status == 503
    assert (b"retry-after", b"1") in refused.sent[0]["headers"]
    assert b'"code":"overloaded"' in refused.body
    for path in ("/healthz", "/readyz", "/metrics"):
        probe = Call(edge, path, headers={})
        probe.end()
        await probe.done()
        assert probe.status == 204
    for call in waiting:
        call.end()
        await call.done()
    again = Call(edge, "/x", headers={})
    again.end()
    await again.done()
    assert [call.status for call in (*waiting, again)] == [204] * 3


async def test_a_client_that_goes_away_gives_its_place_back(desk: AppFixture) -> None:
    """Requests broken off at any point are not counted as under way for ever."""
    desk.script(Reply(after_s=0.05))
    headers = {"authorization": desk.client.headers["authorization"]}
    for path in ("/transactions", "/transactions/bulk"):
        call = Call(desk.app, path, headers=headers)
        call.send(b'{"transaction_id":')
        call.disconnect()
        await call.done()
    assert _metric(desk, "txn_http_requests_in_flight") == 0


async def test_a_request_that_is_cancelled_gives_its_place_back(desk: AppFixture) -> None:
    """So does one that the server takes down."""
    call = Call(desk.app, "/transactions", headers={"authorization": desk.client.headers["authorization"]})
    await asyncio.sleep(0)
    call.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call.done()
    assert _metric(desk, "txn_http_requests_in_flight") == 0


def _metric(desk: AppFixture, name: str) -> float | None:
    registry: CollectorRegistry = desk.app.state.registry
    return registry.get_sample_value(name)


async def test_metrics_name_routes_and_not_what_was_asked_for(desk: AppFixture) -> None:
    """Paths, unknown methods and ids make no time series of their own."""
    await desk.client.get("/transactions/0123456789abcdef")
    await desk.client.get("/nothing/0123456789abcdef")
    await desk.client.request("BREW", "/transactions")
    text = generate_latest(desk.app.state.registry).decode()
    assert 'method="GET",route="/transactions/{transaction_id}",status="503"' in text
    assert 'method="GET",route="unmatched",status="404"' in text
    assert 'method="other"' in text
    assert "0123456789abcdef" not in text
    assert "BREW" not in text


@pytest.mark.parametrize("method", ["OPTIONS", "DELETE", "PUT", "PATCH"])
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/transactions", "GET, HEAD, POST"),
        ("/transactions/0123456789abcdef", "GET, HEAD"),
        ("/transactions/bulk", "POST"),
        ("/transactions/search", "POST"),
        ("/merchants", "GET, HEAD"),
        ("/healthz", "GET, HEAD"),
    ],
)
async def test_another_method_is_told_which_are_allowed(
    desk: AppFixture, method: str, path: str, allowed: str
) -> None:
    """405 is a problem as every other, and lists the methods of the path (RFC 9110, 15.5.6)."""
    answer = await desk.client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/transactions/bulk", "/transactions/search"])
async def test_an_operation_is_not_taken_for_a_transaction(desk: AppFixture, path: str) -> None:
    """GET of a path that is another method's is a 405, whatever else looks up ids there."""
    answer = await desk.client.get(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_what_a_client_says_of_a_request_id_is_not_repeated(desk: AppFixture) -> None:
    """The id is ours, a new one each time."""
    answers = [await desk.client.get("/healthz", headers={"x-request-id": "mine"}) for _ in range(2)]
    assert len({answer.headers["x-request-id"] for answer in answers} | {"mine"}) == 3


async def test_the_documentation_has_the_common_headers(desk: AppFixture) -> None:
    """Also what the framework answers itself has a request id and is not sniffed; the client checks that."""
    for path in ("/docs", "/openapi.json"):
        assert (await desk.client.get(path)).status_code == 200
