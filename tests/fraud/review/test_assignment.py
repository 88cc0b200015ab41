"""An assigned case is its reviewer's next one and nobody else's, for a day, whoever acts at the same moment."""

import asyncio
import random

import pytest
from pydantic_core import from_json

from fraud.records.case import Case
from fraud.records.case_actions import ASSIGNMENT, Actor, Assign, CaseError, Claim, Close, Release, Snooze, acted
from fraud.records.case_alerts import joined, superseded
from fraud.records.case_views import case_at, summary_at, summary_of
from fraud.records.documents import document_of
from fraud.review.case_desk import CaseChangedError
from fraud.review.stored_cases import item_of
from tests.builders import ACCOUNT
from tests.fraud.builders import BEGAN, after, alert_of, case_of
from tests.fraud.review.memory_tables import Steps
from tests.fraud.review.test_alert_desk import ANNA, Office
from txn_core.transactions.identity import CaseId

BOB = Actor("key_bob")
TO_BOB = Assign("key_bob")


async def cases_of(office: Office, *scores: int) -> list[CaseId]:
    """Cases of these scores, each opened a second after the one before."""
    ids = []
    for number, score in enumerate(scores):
        office.clock.at = after(seconds=number)
        told = await office.alerts().raise_alert(alert_of(number, card_id=f"card_1_{number:032x}", score=score))
        assert told.alert.case_id is not None
        ids.append(told.alert.case_id)
    return ids


async def taken(office: Office, actor: Actor) -> CaseId | None:
    """The case that somebody gets next."""
    case = await office.reviewers().claim_next(ACCOUNT, actor)
    return None if case is None else case.case_id


def test_an_assignment_holds_for_a_day_and_is_in_the_audit() -> None:
    """It ends with a decision, and can be taken away once."""
    case = acted(case_of(), TO_BOB, ANNA, BEGAN)
    entry = case.audit[-1]
    assert (entry.action, entry.by, entry.text, entry.until) == (
        "assigned",
        "key_anna",
        "key_bob",
        after(entry.at, hours=24),
    )
    until = case.assignment_expires_at
    assert until == after(entry.at, seconds=ASSIGNMENT.total_seconds())
    assert [case.kept_for(at) for at in (BEGAN, after(until, seconds=-1), until)] == ["key_bob", "key_bob", None]
    freed = acted(case, Assign(None), ANNA, BEGAN)
    assert (freed.audit[-1].action, freed.kept_for(BEGAN)) == ("unassigned", None)
    with pytest.raises(CaseError, match="case_state_conflict"):
        acted(freed, Assign(None), ANNA, BEGAN)
    for ended in (acted(case, Close("fraud", "not hers"), ANNA, BEGAN), superseded(case, BEGAN)):
        assert (ended.assigned_to, ended.assignment_expires_at) == (None, None)
        with pytest.raises(CaseError, match="case_state_conflict"):
            acted(ended, TO_BOB, ANNA, BEGAN)


def test_who_assigns_a_case_gives_their_claim_back_unless_it_is_for_them() -> None:
    """And nobody assigns what another one holds; a snooze and an alert leave an assignment as it is."""
    held = acted(case_of(), Claim(), ANNA, BEGAN)
    given = acted(held, TO_BOB, ANNA, BEGAN)
    assert (given.status, given.assignee, given.assigned_to) == ("open", None, "key_bob")
    own = acted(held, Assign("key_anna"), ANNA, BEGAN)
    assert (own.status, own.assignee, own.assigned_to) == ("claimed", "key_anna", "key_anna")
    with pytest.raises(CaseError, match="case_claimed"):
        acted(held, TO_BOB, BOB, BEGAN)
    for kept in (acted(given, Snooze(60), BOB, BEGAN), joined(given, alert_of(2), BEGAN)):
        assert kept.kept_for(BEGAN) == "key_bob"
    assert acted(acted(given, Claim(), BOB, BEGAN), Release(), BOB, BEGAN).kept_for(BEGAN) == "key_bob"


def test_an_assignment_that_has_expired_is_not_shown() -> None:
    """And a summary of before there were assignments shows none."""
    case = acted(case_of(), TO_BOB, ANNA, BEGAN)
    assert from_json(case_at(case, BEGAN))["assigned_to"] == "key_bob"
    shown = from_json(case_at(case, after(hours=25)))
    assert (shown["assigned_to"], shown["assignment_expires_at"]) == (None, None)
    before = summary_of(from_json(document_of(case_of())))
    del before["assigned_to"], before["assignment_expires_at"]
    assert summary_at(before, BEGAN)["assigned_to"] is None
    assert item_of(case).rank == f"!{item_of(case_of()).rank}"


async def test_the_next_case_is_ones_own_first_and_never_anothers() -> None:
    """However urgent the others are; after a day an assigned case is in its place again."""
    office = Office()
    ids = await cases_of(office, 990, 700, 900, 500)
    for case_id in (ids[0], ids[1], ids[3]):
        await office.reviewers().act(ACCOUNT, case_id, TO_BOB, ANNA, seen=None)
    assert [await taken(office, ANNA) for _ in range(2)] == [ids[2], None]
    assert [await taken(office, BOB) for _ in range(2)] == [ids[0], ids[1]]
    office.clock.at = after(office.clock.at, hours=25)
    assert [await taken(office, ANNA) for _ in range(5)] == [*ids[:1], ids[2], ids[1], ids[3], None]


async def test_an_expired_assignment_is_no_advantage() -> None:
    """The case comes when it is the most urgent one, also where others hold those that come first."""
    office = Office()
    ids = await cases_of(office, 100, 999, 998)
    await office.reviewers().act(ACCOUNT, ids[0], TO_BOB, ANNA, seen=None)
    office.clock.at = after(office.clock.at, hours=25)
    assert [await taken(office, ANNA) for _ in range(4)] == [ids[1], ids[2], ids[0], None]


async def test_who_names_an_assigned_case_may_take_it() -> None:
    """A colleague helps out; then it is claimed, and its reviewer gets another one."""
    office = Office()
    ids = await cases_of(office, 990, 700)
    await office.reviewers().act(ACCOUNT, ids[0], TO_BOB, ANNA, seen=None)
    await office.reviewers().act(ACCOUNT, ids[0], Claim(), ANNA, seen=None)
    assert [await taken(office, BOB) for _ in range(2)] == [ids[1], None]


@pytest.mark.parametrize("seed", range(25))
async def test_two_reviewers_and_an_assignment_at_once_have_one_holder(seed: int) -> None:
    """Whatever comes first: a case is held by one, and by nobody but Bob once it is his."""
    office = Office()
    (case_id,) = await cases_of(office, 900)
    steps = Steps(random.Random(seed))

    async def assign() -> Case | None:
        try:
            return await office.reviewers(steps).act(ACCOUNT, case_id, TO_BOB, Actor("key_lead"), seen=1)
        except (CaseError, CaseChangedError):
            return None

    anna, bob, assigned = await asyncio.gather(
        office.reviewers(steps).claim_next(ACCOUNT, ANNA), office.reviewers(steps).claim_next(ACCOUNT, BOB), assign()
    )
    (case,) = office.cases()
    held = [each for each in (anna, bob) if each is not None]
    assert len(held) <= 1
    assert [entry.number for entry in case.audit] == list(range(1, case.version + 1))
    if assigned is None:
        assert [each.assignee for each in held] == [case.assignee]
    else:
        assert anna is None
        assert [entry.action for entry in case.audit][:2] == ["opened", "assigned"]
        assert bob is not None or await taken(office, BOB) == case_id
        assert await taken(office, ANNA) is None
