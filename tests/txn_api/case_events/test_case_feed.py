"""A feed tells each change of a case once, and a listener who comes back misses nothing."""

import json
from typing import Any

import pytest

from fraud.records.case_actions import Claim, Close, Note, Reopen, Snooze
from tests.builders import ACCOUNT
from tests.fraud.builders import BEGAN, after, alert_of
from tests.fraud.review.memory_tables import MemoryActiveCases, MemoryCases
from tests.fraud.review.test_alert_desk import ANNA, Office
from txn_api.case_events import case_feed
from txn_api.case_events.case_feed import CaseFeed
from txn_core.transactions.identity import CaseId


async def raised(office: Office, number: int) -> CaseId:
    """The case of an alert of a card of its own."""
    told = await office.alerts().raise_alert(alert_of(number, card_id=f"card_1_{number:032x}"))
    assert told.alert.case_id is not None
    return told.alert.case_id


def feed_of(office: Office) -> CaseFeed:
    """A feed of the office's cases."""
    active = MemoryActiveCases(office.stored, office.steps)
    return CaseFeed(ACCOUNT, active, MemoryCases(office.stored, office.steps), office.clock)


async def told(feed: CaseFeed, number: int) -> list[dict[str, Any]]:
    """What a look tells behind an event."""
    await feed.look()
    events = feed.since(number)
    assert events is not None
    return [json.loads(event.decode().split("data: ")[1]) for event in events]


async def test_each_change_is_told_once() -> None:
    """Of the first look nothing; then what is opened, claimed, put off, closed and reopened."""
    office = Office()
    feed, first = feed_of(office), await raised(office, 1)
    assert await told(feed, 0) == []
    second = await raised(office, 2)
    (opened,) = await told(feed, 0)
    assert (opened["case_id"], opened["status"], opened["version"]) == (second, "open", 1)
    for action, status, version in (
        (Claim(), "claimed", 2),
        (Snooze(60), "open", 3),
        (Note("seen"), "open", 4),
        (Close("fraud", "not hers"), "closed", 5),
        (Reopen("she has called"), "open", 6),
    ):
        await office.reviewers().act(ACCOUNT, first, action, ANNA, seen=None)
        last = feed.last
        (event,) = await told(feed, last)
        assert (event["case_id"], event["status"], event["version"]) == (first, status, version)
        assert await told(feed, feed.last) == []
        assert "audit" not in event


async def test_a_claim_that_expires_and_a_snooze_that_ends_are_told() -> None:
    """Though nobody changed the case."""
    office = Office()
    feed = feed_of(office)
    claimed, put_off = await raised(office, 1), await raised(office, 2)
    await office.reviewers().act(ACCOUNT, claimed, Claim(), ANNA, seen=None)
    await office.reviewers().act(ACCOUNT, put_off, Snooze(20), ANNA, seen=None)
    assert await told(feed, 0) == []
    office.clock.at = after(BEGAN, minutes=15, seconds=1)
    (expired,) = await told(feed, 0)
    assert (expired["case_id"], expired["status"], expired["assignee"]) == (claimed, "open", None)
    office.clock.at = after(BEGAN, minutes=21)
    assert [event["case_id"] for event in await told(feed, 1)] == [put_off]
    assert await told(feed, 2) == []


async def test_an_index_that_lags_tells_nothing_twice() -> None:
    """It may show a version that is older than what was told, or not show a case yet."""
    office = Office()
    feed, case_id = feed_of(office), await raised(office, 1)
    await feed.look()
    before = dict(office.stored.cases)
    await office.reviewers().act(ACCOUNT, case_id, Note("seen"), ANNA, seen=None)
    now = dict(office.stored.cases)
    assert [event["version"] for event in await told(feed, 0)] == [2]
    office.stored.cases = before
    assert await told(feed, 1) == []
    office.stored.cases = now
    assert await told(feed, 1) == []


async def test_who_is_too_far_behind_is_told_to_read_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when one look finds more than is told one by one; ids of other feeds are of no use."""
    monkeypatch.setattr(case_feed, "CHANGES_MAX", 3)
    office = Office()
    feed = feed_of(office)
    await feed.look()
    for number in range(3):
        await raised(office, number)
    assert len(await told(feed, 0)) == 3
    assert feed.number_of(feed.event_id(1)) == 1
    for number in range(3, 7):
        await raised(office, number)
    await feed.look()
    assert feed.since(3) is None
    assert await told(feed, feed.last) == []
    other = feed_of(office)
    foreign = (
        feed.event_id(feed.last + 1),
        other.event_id(0),
        feed.event_id(-1),
        "",
        "x",
        f"{feed.event_id(0)}\u0661",
    )
    assert [feed.number_of(each) for each in foreign] == [None] * len(foreign)


async def test_the_kept_events_are_bounded() -> None:
    """The oldest are forgotten."""
    office = Office()
    feed, case_id = feed_of(office), await raised(office, 1)
    await feed.look()
    for _ in range(case_feed.EVENTS_MAX + 1):
        await office.reviewers().act(ACCOUNT, case_id, Claim(), ANNA, seen=None)
        await feed.look()
    assert feed.since(0) is None
    events = feed.since(1)
    assert events is not None
    assert len(events) == case_feed.EVENTS_MAX
