"""What a reviewer does with a case, as pure functions: the case as it was, to the case as it becomes.

Every entry of the audit is later than the one before, whatever the clocks of the processes say: labels are put in
order by the moment of closing.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, Literal

from fraud.records.case import AuditAction, AuditEntry, Case, Resolution
from txn_core.transactions.instants import Instant, datetime_of, instant_of

CLAIM: Final = timedelta(minutes=15)
ASSIGNMENT: Final = timedelta(hours=24)
SNOOZE_MINUTES_MAX: Final = 30 * 24 * 60
ENTRIES_MAX: Final = 200
"""Of reviewers, in one case; then notes, snoozes and reopenings are refused."""
CLAIMS_MAX: Final = 400
"""The same bound for claims and releases. A case can always be closed."""
TEXT_CHARS_MAX: Final = 500
TEXT_BYTES_MAX: Final = 1_000
"""Of a note or a reason in UTF-8: as many as an audit may have fit into one item of DynamoDB, which holds 400 KB."""
_OF_THE_SCORER: Final = frozenset({"opened", "alert_joined", "superseded"})
_MICROSECOND: Final = timedelta(microseconds=1)

CaseFault = Literal["case_claimed", "case_state_conflict"]


class CaseError(Exception):
    """The action is not for a case as it stands; `fault` is the problem's code."""

    def __init__(self, fault: CaseFault) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Claim:
    """Take the case for a quarter of an hour; whoever holds it already holds it longer."""


@dataclass(frozen=True, slots=True)
class Assign:
    """Keep the case for a reviewer for a day; `None` is for nobody any longer."""

    assignee: str | None


@dataclass(frozen=True, slots=True)
class Release:
    """Give the own claim back."""


@dataclass(frozen=True, slots=True)
class Snooze:
    """Put the case off for so many minutes, or until a further alert."""

    minutes: int


@dataclass(frozen=True, slots=True)
class Note:
    """Write something down; also on a closed case."""

    text: str


@dataclass(frozen=True, slots=True)
class Close:
    """Decide the case."""

    resolution: Resolution
    reason: str


@dataclass(frozen=True, slots=True)
class Reopen:
    """Take the decision up again."""

    reason: str


CaseAction = Claim | Assign | Release | Snooze | Note | Close | Reopen


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and what the request's Idempotency-Key is known by, if it has one."""

    name: str
    request: str | None = None


def acted(case: Case, action: CaseAction, actor: Actor, at: Instant) -> Case:  # noqa: PLR0911 - one for each action
    """The case after an action.

    Raises:
        CaseError: `case_claimed` while another one's claim holds, `case_state_conflict` when the case is closed (or,
            to be reopened, is not closed, or is superseded; or, to be kept for nobody, is kept for nobody), or when
            its audit is full.
    """
    _refuse_beyond(case, action)
    at = later(case, at)
    match action:
        case Claim():
            return _claimed(_free_for(case, actor, at), actor, at)
        case Assign(assignee):
            return _assigned(_free_for(case, actor, at), assignee, actor, at)
        case Release():
            return _released(_free_for(case, actor, at), actor, at)
        case Snooze(minutes):
            until = instant_of(datetime_of(at) + timedelta(minutes=minutes))
            freed = replace(_free_for(case, actor, at), **_UNCLAIMED, snoozed_until=until)
            return entered(freed, "snoozed", actor, at, until=until)
        case Note(text):
            return entered(case, "noted", actor, at, text=text)
        case Close():
            return _closed(_free_for(case, actor, at), action, actor, at)
        case Reopen(reason):
            return _reopened(case, reason, actor, at)


def was_done(case: Case, request: str | None) -> bool:
    """Whether this very request changed the case before, and its answer was lost."""
    return request is not None and any(entry.request == request for entry in case.audit)


def may_be_claimed_no_more(case: Case) -> bool:
    """Whether the audit has no room for a claim: the case leaves the queue, and is closed from the list of cases."""
    return _entries(case) >= CLAIMS_MAX


def later(case: Case, at: Instant) -> Instant:
    """The moment, or the first one behind the case's last entry if that is later."""
    last = case.audit[-1].at
    return at if at > last else instant_of(datetime_of(last) + _MICROSECOND)


def entered(case: Case, action: AuditAction, actor: Actor, at: Instant, **said: Any) -> Case:
    """The case with one entry more."""
    entry = AuditEntry(number=case.version + 1, at=at, by=actor.name, action=action, request=actor.request, **said)
    return replace(case, audit=(*case.audit, entry))


_UNCLAIMED: Final[dict[str, Any]] = {"status": "open", "assignee": None, "claim_expires_at": None}


_UNASSIGNED: Final[dict[str, Any]] = {"assigned_to": None, "assignment_expires_at": None}


def _refuse_beyond(case: Case, action: CaseAction) -> None:
    if isinstance(action, Close):
        return
    is_full = may_be_claimed_no_more(case) if isinstance(action, Claim | Release) else _entries(case) >= ENTRIES_MAX
    if is_full:
        raise CaseError("case_state_conflict")


def _entries(case: Case) -> int:
    return sum(entry.action not in _OF_THE_SCORER for entry in case.audit)


def _free_for(case: Case, actor: Actor, at: Instant) -> Case:
    """The case, if it is not closed and nobody else holds it."""
    if case.status == "closed":
        raise CaseError("case_state_conflict")
    if case.is_held(at) and case.assignee != actor.name:
        raise CaseError("case_claimed")
    return case


def _claimed(case: Case, actor: Actor, at: Instant) -> Case:
    until = instant_of(datetime_of(at) + CLAIM)
    held = replace(case, status="claimed", assignee=actor.name, claim_expires_at=until, snoozed_until=None)
    return entered(held, "claimed", actor, at, until=until)


def _assigned(case: Case, assignee: str | None, actor: Actor, at: Instant) -> Case:
    if assignee is None:
        if case.assigned_to is None:
            raise CaseError("case_state_conflict")
        return entered(replace(case, **_UNASSIGNED), "unassigned", actor, at)
    until = instant_of(datetime_of(at) + ASSIGNMENT)
    freed = case if case.assignee == assignee else replace(case, **_UNCLAIMED)
    kept = replace(freed, assigned_to=assignee, assignment_expires_at=until)
    return entered(kept, "assigned", actor, at, text=assignee, until=until)


def _released(case: Case, actor: Actor, at: Instant) -> Case:
    if case.status != "claimed" or case.assignee != actor.name:
        raise CaseError("case_state_conflict")
    return entered(replace(case, **_UNCLAIMED), "released", actor, at)


def _closed(case: Case, action: Close, actor: Actor, at: Instant) -> Case:
    decided = replace(
        case,
        **_UNCLAIMED | _UNASSIGNED | {"status": "closed"},
        snoozed_until=None,
        resolution=action.resolution,
        reason=action.reason,
        closed_at=at,
        closed_by=actor.name,
    )
    return entered(decided, "closed", actor, at, text=action.reason, resolution=action.resolution)


def _reopened(case: Case, reason: str, actor: Actor, at: Instant) -> Case:
    if case.status != "closed" or case.superseded:
        raise CaseError("case_state_conflict")
    undone = replace(case, status="open", resolution=None, reason=None, closed_at=None, closed_by=None)
    return entered(undone, "reopened", actor, at, text=reason)
