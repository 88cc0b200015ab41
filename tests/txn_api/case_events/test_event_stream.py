"""Listeners of cases: who may listen, what they are told, and when they are sent away."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fraud.records.case_actions import Claim, Close
from tests.builders import ACCOUNT
from tests.fraud.review.memory_tables import MemoryActiveCases, MemoryCases
from tests.fraud.review.test_alert_desk import ANNA, Office
from tests.txn_api.asgi import Call, until
from tests.txn_api.case_events.test_case_feed import raised
from tests.txn_api.conftest import AppFixture
from txn_api.case_events import case_feeds, event_stream
from txn_api.case_events.case_feeds import CaseFeeds
from txn_core.quotas import Limits


def watching(desk: AppFixture, office: Office) -> CaseFeeds:
    """The feeds of an application that now has the office's cases."""
    active = MemoryActiveCases(office.stored, office.steps)
    feeds = CaseFeeds(active, MemoryCases(office.stored, office.steps), office.clock)
    desk.app.state.services = replace(desk.services, stores={**desk.services.stores, CaseFeeds: feeds})
    return feeds


def listening(desk: AppFixture, *, query: str = "", **fields: str) -> Call:
    """A listener under way; `fields` with their hyphens as underscores."""
    headers = {"Authorization": desk.client.headers["authorization"]}
    headers |= {name.replace("_", "-"): value for name, value in fields.items()}
    call = Call(desk.app, "/cases/events", headers=headers, query=query, method="GET")
    call.end()
    return call


def events(call: Call) -> list[tuple[str, str, dict[str, Any]]]:
    """What was told so far: kind, id and data."""
    found = []
    for block in call.body.decode().split("\n\n")[:-1]:
        lines = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if "data" in lines:
            found.append((lines["event"], lines["id"], json.loads(lines["data"])))
    return found


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look all the time."""
    monkeypatch.setattr(case_feeds, "LOOK_EVERY_S", 0.001)


async def leave(call: Call) -> None:
    """End a listener as its client's going does."""
    call.disconnect()
    await call.done()


async def test_a_listener_is_told_of_changes_and_goes_on_without_a_gap(desk: AppFixture) -> None:
    """First to read the list; and when it comes back, of all that happened meanwhile."""
    office = Office()
    feeds, case_id = watching(desk, office), await raised(office, 1)
    call = listening(desk)
    await until(lambda: events(call))
    ((kind, event_id, hello),) = events(call)
    assert (kind, hello["actor"][:4]) == ("reset", "key_")
    assert dict(call.sent[0]["headers"])[b"content-type"] == b"text/event-stream"
    await office.reviewers().act(ACCOUNT, case_id, Claim(), ANNA, seen=None)
    await until(lambda: len(events(call)) == 2)
    assert events(call)[1][2]["assignee"] == "key_anna"
    await leave(call)
    steps = office.steps.calls
    await asyncio.sleep(0.01)
    assert office.steps.calls == steps  # nobody listens, and nobody looks

    await office.reviewers().act(ACCOUNT, case_id, Close("fraud", "not hers"), ANNA, seen=None)
    again = listening(desk, Last_Event_ID=event_id)
    await until(lambda: len(events(again)) == 3)
    assert [(kind, data.get("version")) for kind, _, data in events(again)] == [
        ("resumed", None),
        ("case", 2),
        ("case", 3),
    ]
    await leave(again)
    stranger = listening(desk, Last_Event_ID="0000-7")
    await until(lambda: events(stranger))
    assert events(stranger)[0][0] == "reset"
    await leave(stranger)
    assert feeds._listeners.total() == 0


async def test_one_look_serves_all_listeners(desk: AppFixture) -> None:
    """Of an account, however many listen."""
    office = Office()
    feeds = watching(desk, office)
    calls = [listening(desk) for _ in range(4)]
    await until(lambda: all(events(call) for call in calls))
    assert len(feeds._watched) == 1
    await raised(office, 1)
    await until(lambda: all(len(events(call)) == 2 for call in calls))
    assert len({call.body for call in calls}) == 1
    for call in calls:
        await leave(call)
    assert not feeds._watched


async def test_listeners_are_bounded(desk: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """By key 429, in all 503; whoever goes makes room."""
    monkeypatch.setattr(case_feeds, "LISTENERS_MAX", 3)
    monkeypatch.setattr(case_feeds, "LISTENERS_OF_KEY_MAX", 2)
    watching(desk, Office())
    first, second = listening(desk), listening(desk)
    await until(lambda: events(first) and events(second))
    refused = await desk.client.get("/cases/events")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_concurrent")
    other = listening(desk, **desk.key("alerts:read"))
    await until(lambda: events(other))
    refused = await desk.client.get("/cases/events", headers=desk.key("alerts:read"))
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert int(refused.headers["retry-after"]) > 0
    await leave(first)
    third = listening(desk)
    await until(lambda: events(third))
    for call in (second, third, other):
        await leave(call)


async def test_a_listener_takes_no_place_of_other_requests(desk: AppFixture) -> None:
    """Neither of the process's requests under way nor of its key's; its time is no time to answer."""
    header = desk.key("alerts:read", limits=Limits(requests_max=1))
    watching(desk, Office())
    began_s = time.perf_counter()
    call = listening(desk, **header)
    await until(lambda: events(call))
    registry = desk.app.state.registry
    assert registry.get_sample_value("txn_http_requests_in_flight") == 0
    assert (await desk.client.get("/cases/none", headers=header)).status_code == 404
    before_s = time.perf_counter()
    await asyncio.sleep(0.2)
    waited_s = time.perf_counter() - before_s
    await leave(call)
    assert registry.get_sample_value("txn_http_requests_in_flight") == 0
    took = registry.get_sample_value("txn_http_request_seconds_sum", {"route": "/cases/events"})
    assert 0 <= took <= time.perf_counter() - began_s - waited_s
    assert (await desk.client.get("/cases/none", headers=header)).status_code == 404


async def test_a_listener_goes_when_its_key_does(desk: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Revoked or expired, and when the process stops: the answer ends as it should."""
    monkeypatch.setattr(event_stream, "HEARTBEAT_S", 0.001)
    monkeypatch.setattr("txn_api.access.standing.ASK_S_MIN", 0.0)
    desk.change(api_key_cache_s=0.0)
    watching(desk, Office())

    async def ends(change: Callable[[], object], header: dict[str, str]) -> None:
        call = listening(desk, **header)
        await until(lambda: b":\n\n" in call.body)
        change()
        await call.done()
        assert call.complete

    own = set(desk.keys)
    await ends(lambda: [desk.keys.pop(each) for each in set(desk.keys) - own], desk.key("alerts:read"))
    await ends(lambda: None, desk.key("alerts:read", expires_in=timedelta(seconds=0.5)))
    await ends(desk.services.stop, desk.key("alerts:read"))


async def test_a_listener_that_does_not_read_is_cut_off(desk: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept for it, and its answer stays without an end."""
    monkeypatch.setattr(event_stream, "UNREAD_S_MAX", 0.01)
    monkeypatch.setattr(event_stream, "HEARTBEAT_S", 0.001)
    feeds = watching(desk, Office())
    call = listening(desk)
    await until(lambda: events(call))
    call.reading.clear()
    await call.done()
    assert not call.complete
    assert feeds._listeners.total() == 0


async def test_no_store_is_told_before_the_answer_begins_and_ends_it_later(
    desk: AppFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that says live is not to be live."""
    refused = await desk.client.get("/cases/events")
    assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
    office = Office()
    watching(desk, office)
    call = listening(desk)
    await until(lambda: events(call))

    async def fails(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(MemoryActiveCases, "latest", fails)
    await call.done()
    assert call.complete


async def test_who_may_not_read_alerts_may_not_listen(desk: AppFixture) -> None:
    """Nor to other accounts; and a HEAD is over at once."""
    watching(desk, Office())
    refused = await desk.client.get("/cases/events", headers=desk.key("cases:write"))
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    foreign = await desk.client.get("/cases/events?account=other")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "account_forbidden")
    head = await desk.client.head("/cases/events")
    assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream")
