"""The log under a flood of refusals: bounded lines, exact counts, and no key that hides another's."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest
import structlog
from prometheus_client import CollectorRegistry
from starlette.types import Receive, Scope, Send
from structlog.typing import EventDict

from tests.txn_api.asgi import Call
from tests.txn_api.conftest import AppFixture
from txn_api.access.rate_limits import Allowances
from txn_api.edge import request_log
from txn_api.edge.edge import Edge
from txn_api.edge.request_context import RequestContext
from txn_api.edge.request_log import FAILED_LINES_MAX, KEY_LINES_MAX, KIND_LINES_MAX, REFUSED_LINES_MAX, RequestLog
from txn_api.problems import Overloaded, RouteNotFound
from txn_core.quotas import Limits

FLOOD = 500


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EventDict]]:
    """What is logged within one second, however long the test takes."""
    monkeypatch.setattr("txn_core.logs.log_budget.WINDOW_S", 1e9)
    with structlog.testing.capture_logs() as entries:
        yield entries


def requests(entries: list[EventDict]) -> list[EventDict]:
    return [entry for entry in entries if entry["event"] == "request"]


async def _ignore(_: object) -> None:
    """Send nothing."""


def context(status: int, allowance: object = None) -> RequestContext:
    """A request that was answered, of a key if it has an allowance."""
    made = RequestContext({"headers": [], "state": {}}, _ignore, "req_0123456789abcdef", ())
    made.status = status
    if allowance is not None:
        made.scope["state"]["allowance"] = allowance
    return made


async def test_refusals_without_a_key_are_sampled_and_counted(log: list[EventDict]) -> None:
    """Lines and what is said of those left out are together as many as there were requests."""
    registry = CollectorRegistry()
    lines = RequestLog(registry)
    for _ in range(FLOOD):
        lines.answered(context(401), "GET", "/transactions", 0.001)
        lines.answered(context(404), "GET", "unmatched", 0.001)
    lines.tell()
    assert Counter(entry["status"] for entry in requests(log)) == {401: KIND_LINES_MAX, 404: KIND_LINES_MAX}
    told = log[-1]
    left_out = FLOOD - KIND_LINES_MAX
    assert (told["event"], told["log_level"], told["lines"]) == ("requests_not_logged", "warning", 2 * left_out)
    assert told["most"] == [
        {"route": "/transactions", "status": 401, "lines": left_out},
        {"route": "unmatched", "status": 404, "lines": left_out},
    ]
    for labels in ({"route": "/transactions", "status": "401"}, {"route": "unmatched", "status": "404"}):
        assert registry.get_sample_value("txn_http_requests_unlogged_total", labels) == left_out


async def test_a_flood_of_strangers_and_a_noisy_key_hide_no_other_keys_refusal(log: list[EventDict]) -> None:
    """Each has a part of the budget."""
    lines = RequestLog(CollectorRegistry())
    noisy, quiet = (Allowances(Limits(10, 10, 10, 10)).writes for _ in range(2))
    for route in range(FLOOD):
        lines.answered(context(401), "GET", f"/{route}", 0.001)
        lines.answered(context(422, noisy), "POST", f"/{route}", 0.001)
    assert len(requests(log)) == 2 * KEY_LINES_MAX
    lines.answered(context(409, quiet), "POST", "/transactions", 0.001)
    assert requests(log)[-1]["status"] == 409
    lines.tell()


async def test_all_refusals_together_are_bounded(log: list[EventDict]) -> None:
    """However many keys there are; failures are logged all the same."""
    lines = RequestLog(CollectorRegistry())
    for _ in range(FLOOD):
        lines.answered(context(422, Allowances(Limits(10, 10, 10, 10)).writes), "POST", "/transactions", 0.001)
    assert len(requests(log)) == REFUSED_LINES_MAX
    for _ in range(FLOOD):
        lines.answered(context(503), "POST", "/transactions", 0.001)
    assert Counter(entry["status"] for entry in requests(log))[503] == FAILED_LINES_MAX
    lines.tell()
    assert log[-1]["lines"] == 2 * FLOOD - REFUSED_LINES_MAX - FAILED_LINES_MAX


async def test_what_was_left_out_is_told_without_another_request(
    log: list[EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second later, and once."""
    monkeypatch.setattr(request_log, "WINDOW_S", 0.01)
    lines = RequestLog(CollectorRegistry())
    for _ in range(FLOOD):
        lines.answered(context(401), "GET", "/transactions", 0.001)
    async with asyncio.timeout(5):
        while log[-1]["event"] != "requests_not_logged":  # noqa: ASYNC110 - a log line is no event to wait for
            await asyncio.sleep(0.005)
    lines.tell()
    assert [entry["event"] for entry in log].count("requests_not_logged") == 1


async def test_the_debug_level_logs_every_request(log: list[EventDict]) -> None:
    """Whoever looks for something may have all of it."""
    lines = RequestLog(CollectorRegistry(), log_all=True)
    for status in (200, 401):
        for _ in range(FLOOD):
            lines.answered(context(status), "GET", "/transactions", 0.001)
    assert len(requests(log)) == 2 * FLOOD


async def _crash(scope: Scope, receive: Receive, send: Send) -> None:
    raise ValueError


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    raise RouteNotFound if scope["path"] == "/nowhere" else Overloaded


@pytest.mark.parametrize(("app", "status"), [(_crash, 500), (_refuse, 503)])
async def test_failures_at_the_edge_are_bounded_too(app: object, status: int, log: list[EventDict]) -> None:
    """A request that crashes has two lines, the places being one; each has its bound."""
    registry = CollectorRegistry()
    edge = Edge(requests_max=FLOOD, registry=registry)
    for _ in range(2 * FAILED_LINES_MAX):
        call = Call(partial(edge.answer, app), "/x", headers={})  # type: ignore[arg-type]
        await call.done()
        assert call.status == status
    edge.close()
    events = Counter(entry["event"] for entry in log)
    assert events["request"] == FAILED_LINES_MAX
    assert events["request_failed"] == (FAILED_LINES_MAX if status == 500 else 0)
    assert log[-1]["lines"] == FAILED_LINES_MAX * (2 if status == 500 else 1)


async def test_the_service_logs_few_of_many_requests_without_a_key(desk: AppFixture, log: list[EventDict]) -> None:
    """The whole application, as its clients reach it; each answer has an id of its own all the same."""
    ids = set()
    for _ in range(100):
        answer = await desk.client.get("/transactions/0123456789abcdef", headers={"Authorization": ""})
        assert answer.status_code == 401
        ids.add(answer.json()["request_id"])
    assert len(ids) == 100
    assert len(requests(log)) == KIND_LINES_MAX
