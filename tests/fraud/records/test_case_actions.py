"""What reviewers do with a case, and what is refused."""

import random
from collections.abc import Sequence

import pytest

from fraud.records.case import Case
from fraud.records.case_actions import (
    CLAIMS_MAX,
    ENTRIES_MAX,
    TEXT_BYTES_MAX,
    Actor,
    CaseAction,
    CaseError,
    Claim,
    Close,
    Note,
    Release,
    Reopen,
    Snooze,
    acted,
    may_be_claimed_no_more,
    was_done,
)
from fraud.records.case_alerts import ALERTS_MAX, joined, superseded
from fraud.records.documents import document_of, record_of
from fraud.records.label import label_of
from fraud.review.stored_cases import item_of
from tests.fraud.builders import BEGAN, after, alert_of, case_of

ANNA, BOB = Actor("key_anna"), Actor("key_bob")
FRAUD = Close("fraud", "the holder did not pay there")


def told(case: Case, *steps: tuple[CaseAction, Actor]) -> Case:
    """A case after some actions, a minute apart."""
    for action, actor in steps:
        case = acted(case, action, actor, after(case.audit[-1].at, minutes=1))
    return case


def test_a_claim_holds_for_a_quarter_of_an_hour_against_all_others() -> None:
    """Then the case is open again for anybody, also to be closed."""
    case = acted(case_of(), Claim(), ANNA, BEGAN)
    assert (case.status, case.assignee) == ("claimed", "key_anna")
    (until,) = {case.claim_expires_at}
    assert until is not None
    for action in (Claim(), Release(), FRAUD, Snooze(60)):
        with pytest.raises(CaseError) as refused:
            acted(case, action, BOB, after(until, seconds=-1))
        assert refused.value.fault == "case_claimed"
    assert (case.status_at(after(until, seconds=-1)), case.status_at(until)) == ("claimed", "open")
    assert acted(case, Claim(), BOB, until).assignee == "key_bob"
    assert acted(case, FRAUD, BOB, until).closed_by == "key_bob"


def test_who_holds_a_case_holds_it_longer_and_gives_it_back() -> None:
    """A second claim moves the end of the first one; nobody else can give it back."""
    case = told(case_of(), (Claim(), ANNA), (Claim(), ANNA))
    assert case.claim_expires_at == after(case.audit[-1].at, minutes=15)
    freed = told(case, (Release(), ANNA))
    assert (freed.status, freed.assignee, freed.claim_expires_at) == ("open", None, None)
    with pytest.raises(CaseError, match="case_state_conflict"):
        told(freed, (Release(), ANNA))


def test_a_snoozed_case_is_free_later_or_with_the_next_alert() -> None:
    """Putting a case off gives a claim back."""
    case = told(case_of(), (Claim(), ANNA), (Snooze(60), ANNA))
    assert (case.status, case.assignee, case.free_at()) == ("open", None, after(case.audit[-1].at, hours=1))
    assert joined(case, alert_of(2), after(hours=1)).free_at() is None


def test_an_alert_is_counted_once() -> None:
    """The case says itself which alerts it has."""
    case = joined(case_of(), alert_of(2), BEGAN)
    assert joined(case, alert_of(2), after(hours=1)) is case
    assert joined(case, alert_of(1), after(hours=1)) is case


def test_closing_and_reopening_keep_the_history() -> None:
    """Each decision stays in the audit, and the last one gives the label."""
    case = told(case_of(), (FRAUD, ANNA), (Reopen("the holder has called"), BOB), (Close("legitimate", "ok"), BOB))
    assert [(entry.action, entry.by, entry.resolution) for entry in case.audit] == [
        ("opened", "scorer", None),
        ("closed", "key_anna", "fraud"),
        ("reopened", "key_bob", None),
        ("closed", "key_bob", "legitimate"),
    ]
    label = label_of(case, BEGAN)
    assert label is not None
    assert (label.value, label.by, label.labelled_at) == ("legitimate", "key_bob", case.closed_at)
    assert label_of(told(case_of(), (Close("inconclusive", "who knows"), ANNA)), BEGAN) is None


@pytest.mark.parametrize(
    ("steps", "action"),
    [
        ([(FRAUD, ANNA)], Claim()),
        ([(FRAUD, ANNA)], Snooze(60)),
        ([(FRAUD, ANNA)], Close("legitimate", "no")),
        ([], Reopen("why not")),
        ([], Release()),
    ],
)
def test_what_is_not_for_the_state_is_refused(steps: Sequence[tuple[CaseAction, Actor]], action: CaseAction) -> None:
    """A closed case can be noted and reopened alone, and an open one not be reopened."""
    with pytest.raises(CaseError, match="case_state_conflict"):
        told(case_of(), *steps, (action, ANNA))


def test_a_superseded_case_never_opens_again() -> None:
    """Its card's next case may have begun."""
    for case in (told(case_of(), (FRAUD, ANNA)), case_of()):
        ended = superseded(case, after(days=4))
        assert ended.status == "closed"
        with pytest.raises(CaseError, match="case_state_conflict"):
            told(ended, (Reopen("again"), ANNA))


def test_entries_are_later_than_the_ones_before_whatever_the_clocks_say() -> None:
    """A process whose clock is behind does not close a case before it was opened."""
    case = case_of()
    for action in (Claim(), Note("seen"), FRAUD, Reopen("again"), Close("legitimate", "ok")):
        case = acted(case, action, ANNA, after(hours=-1))
    moments = [entry.at for entry in case.audit]
    assert moments == sorted(set(moments))
    assert case.closed_at == moments[-1]


def test_the_audit_has_no_gaps_whatever_is_done() -> None:
    """Entry n made version n, after any thousand of actions, alerts and refusals."""
    rng = random.Random(7)
    actions: list[CaseAction] = [Claim(), Release(), Note("x"), FRAUD, Reopen("y"), Snooze(90)]
    case, at = case_of(), BEGAN
    for number in range(1_000):
        at = after(at, minutes=rng.choice((-5, 0, 1, 20)))
        before = case
        if rng.random() < 0.1 and case.status != "closed":
            case = joined(case, alert_of(number), at)
        else:
            try:
                case = acted(case, rng.choice(actions), rng.choice((ANNA, BOB)), at)
            except CaseError:
                assert case is before
        assert case.audit[: before.version] == before.audit
        assert case.version - before.version in {0, 1}
    assert [entry.number for entry in case.audit] == list(range(1, case.version + 1))
    assert record_of(Case, document_of(case)) == case


def test_a_full_case_fits_into_an_item_and_can_be_closed() -> None:
    """After so many notes there are none; after so many claims it leaves the queue."""
    longest = "\u00e9" * (TEXT_BYTES_MAX // 2)
    case = case_of()
    for number in range(2, ALERTS_MAX + 5):
        case = joined(case, alert_of(number), BEGAN)
    assert len(case.alerts) == ALERTS_MAX
    for _ in range(ENTRIES_MAX):
        case = acted(case, Note(longest), ANNA, BEGAN)
    for action in (Note("one more"), Snooze(60)):
        with pytest.raises(CaseError, match="case_state_conflict"):
            acted(case, action, ANNA, BEGAN)
    assert item_of(case).is_queued
    while not may_be_claimed_no_more(case):
        case = acted(case, Claim(), ANNA, BEGAN)
    assert case.version == ALERTS_MAX + CLAIMS_MAX
    assert not item_of(case).is_queued
    closed = acted(case, Close("fraud", longest), BOB, after(days=1))
    item = item_of(closed, labels_due=True)
    assert len(item.document.encode()) + len(item.summary.encode()) < 390_000


def test_a_request_that_was_carried_out_is_known_again() -> None:
    """By its key, and not by what it says: two reviewers of one key may write the same."""
    case = acted(case_of(), Note("seen"), Actor("key_anna", "r1"), BEGAN)
    assert was_done(case, "r1")
    assert not was_done(case, "r2")
    assert not was_done(case, None)
