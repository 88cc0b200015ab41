"""Reviewers act on cases one at a time, and each closing gives each transaction one label."""

import asyncio
import random

import pytest

from fraud.records.case_actions import Actor, CaseError, Claim, Close, Note, Reopen, Snooze
from fraud.records.documents import record_of
from fraud.records.label import LabelledTransaction
from fraud.review.case_desk import CaseChangedError
from tests.builders import ACCOUNT
from tests.fraud.builders import BEGAN, CARD, KEYS, after, alert_of
from tests.fraud.review.memory_tables import LostError, Steps
from tests.fraud.review.test_alert_desk import AGAIN, ANNA, FRAUD, Office

BOB = Actor("key_bob")
CASE = KEYS.case_id(ACCOUNT, CARD, 1)


async def office_with(*numbers: int) -> Office:
    """An office with one case of so many alerts."""
    office = Office()
    for number in numbers:
        await office.alerts().raise_alert(alert_of(number))
    return office


def labels(office: Office) -> dict[str, list[str]]:
    """The values that each transaction was labelled with."""
    found: dict[str, list[str]] = {}
    for (_, transaction_id), (_, document) in office.stored.labels.items():
        found[transaction_id] = [label.value for label in record_of(LabelledTransaction, document).history]
    return found


async def test_an_action_is_for_the_version_that_was_seen() -> None:
    """Another version is refused, and nothing is done."""
    office = await office_with(1)
    desk = office.reviewers()
    with pytest.raises(CaseChangedError):
        await desk.act(ACCOUNT, CASE, Claim(), ANNA, seen=2)
    claimed = await desk.act(ACCOUNT, CASE, Claim(), ANNA, seen=1)
    assert claimed is not None
    assert claimed.version == 2
    with pytest.raises(CaseError, match="case_claimed"):
        await desk.act(ACCOUNT, CASE, FRAUD, BOB, seen=2)
    assert await desk.act(ACCOUNT, KEYS.case_id(ACCOUNT, CARD, 9), Claim(), ANNA, seen=None) is None


async def test_closing_labels_each_transaction_once_and_again_after_reopening() -> None:
    """The history is kept."""
    office = await office_with(1, 2)
    for action in (FRAUD, AGAIN, Close("legitimate", "hers after all")):
        await office.reviewers().act(ACCOUNT, CASE, action, ANNA, seen=None)
    assert labels(office) == {alert_of(n).transaction_id: ["fraud", "legitimate"] for n in (1, 2)}
    assert office.stored.label_writes == 4
    assert await office.reviewers().claim_next(ACCOUNT, ANNA) is None
    assert office.stored.label_writes == 4


@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "behind"])
@pytest.mark.parametrize("who", ["the same request", "the next reviewer", "reopening", "the next alert"])
async def test_a_closing_that_dies_at_any_call_labels_once(who: str, *, carried_out: bool) -> None:
    """Whoever comes next writes the labels that are due."""
    for lost_at in range(1, 30):
        office = await office_with(1, 2)
        actor = Actor("key_anna", "request-1")
        try:
            await office.reviewers(Steps(lost_at=lost_at, carried_out=carried_out)).act(
                ACCOUNT, CASE, FRAUD, actor, seen=2
            )
            is_lost = False
        except LostError:
            is_lost = True
        is_closed = office.cases()[0].status == "closed"
        if who == "the same request" or not is_closed:
            again = await office.reviewers().act(ACCOUNT, CASE, FRAUD, actor, seen=2)
            assert again is not None
            assert (again.status, again.version) == ("closed", 3)
        elif who == "reopening":
            await office.reviewers().act(ACCOUNT, CASE, Reopen("x"), BOB, seen=3)
        elif who == "the next alert":
            await office.alerts().raise_alert(alert_of(3))
        claimed = await office.reviewers().claim_next(ACCOUNT, BOB)
        assert (claimed is not None) == (is_closed and who in {"reopening", "the next alert"})
        assert labels(office) == {alert_of(n).transaction_id: ["fraud"] for n in (1, 2)}
        if not is_lost:
            assert lost_at > 6
            return
    raise AssertionError("no end of calls")


async def test_a_request_that_is_sent_again_gets_what_it_did() -> None:
    """Also when the case has changed since; without a key the version says that it is not the same."""
    office = await office_with(1)
    noting = Actor("key_anna", "request-1")
    await office.reviewers().act(ACCOUNT, CASE, Note("seen"), noting, seen=1)
    await office.reviewers().act(ACCOUNT, CASE, Note("more"), BOB, seen=2)
    again = await office.reviewers().act(ACCOUNT, CASE, Note("seen"), noting, seen=1)
    assert again is not None
    assert again.version == 3
    claimed = await office.reviewers().claim_next(ACCOUNT, Actor("key_anna", "request-2"))
    assert await office.reviewers().claim_next(ACCOUNT, Actor("key_anna", "request-2")) == claimed
    assert await office.reviewers().claim_next(ACCOUNT, Actor("key_anna", "request-3")) is None


async def test_the_most_urgent_free_case_is_next() -> None:
    """By its score, and then by its age; claimed and snoozed cases come when they are free."""
    office = Office()
    cards = [f"card_1_{number:032x}" for number in range(4)]
    for number, (card, score) in enumerate(zip(cards, (500, 990, 500, 700), strict=True)):
        office.clock.at = after(seconds=number)
        await office.alerts().raise_alert(alert_of(number, card_id=card, score=score))
    ids = [KEYS.case_id(ACCOUNT, card, 1) for card in cards]  # type: ignore[arg-type]
    office.clock.at = after(minutes=1)
    await office.reviewers().act(ACCOUNT, ids[3], Snooze(9), ANNA, seen=1)
    taken = [await office.reviewers().claim_next(ACCOUNT, ANNA) for _ in range(4)]
    assert [None if case is None else case.case_id for case in taken] == [ids[1], ids[0], ids[2], None]
    office.clock.at = after(minutes=10)
    snoozed = await office.reviewers().claim_next(ACCOUNT, ANNA)
    assert snoozed is not None
    assert snoozed.case_id == ids[3]
    office.clock.at = after(minutes=16)
    expired = await office.reviewers().claim_next(ACCOUNT, BOB)
    assert expired is not None
    assert (expired.case_id, expired.assignee) == (ids[1], "key_bob")


@pytest.mark.parametrize("cases", [64, 40])
async def test_many_claim_at_once(cases: int) -> None:
    """Each case has one winner, and whoever gets none is told so only when none is left."""
    office = Office()
    for number in range(cases):
        await office.alerts().raise_alert(alert_of(number, card_id=f"card_1_{number:032x}"))
    steps = Steps(random.Random(5))
    claims = (office.reviewers(steps).claim_next(ACCOUNT, Actor(f"key_{number}")) for number in range(64))
    told = await asyncio.gather(*claims)
    won = [case for case in told if case is not None]
    assert len({case.case_id for case in won}) == len(won) == cases
    for case in office.cases():
        assert [entry.action for entry in case.audit] == ["opened", "claimed"]
    assert office.clock.at == BEGAN
