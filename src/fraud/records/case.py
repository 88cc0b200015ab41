"""A case: the alerts of one card that a reviewer decides together, with all that was done about them.

A card's cases are numbered from 1, and a further one begins only when the one before is closed for good
(`superseded`). So a card never has two open cases. Each change of a case is one entry of its audit: `version` is how
many there are.
"""

from dataclasses import dataclass
from typing import Literal

from txn_core.transactions.identity import Account, AlertId, CardId, CaseId, TransactionId
from txn_core.transactions.instants import Instant

Status = Literal["open", "claimed", "closed"]
Resolution = Literal["fraud", "legitimate", "inconclusive"]
AuditAction = Literal[
    "opened",
    "alert_joined",
    "superseded",
    "assigned",
    "unassigned",
    "claimed",
    "released",
    "snoozed",
    "noted",
    "closed",
    "reopened",
]


@dataclass(frozen=True, slots=True)
class CaseAlert:
    """An alert that a case has counted."""

    alert_id: AlertId
    transaction_id: TransactionId


@dataclass(frozen=True, slots=True)
class AmountAtRisk:
    """The sum of the alerts' amounts in one currency, in its minor units."""

    currency: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change. Entry `number` made version `number` of the case.

    Attributes:
        by: a reviewer's credential, or `scorer`.
        text: the note, the reason, the alert's id, or whom the case was assigned to.
        until: when a claim or an assignment expires, or a snooze ends.
        request: what the request's Idempotency-Key is known by, if it had one.
    """

    number: int
    at: Instant
    by: str
    action: AuditAction
    text: str | None = None
    resolution: Resolution | None = None
    until: Instant | None = None
    request: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as it is stored.

    Attributes:
        number: which of the card's cases it is, from 1.
        priority: the highest score of its alerts, 0 to 999.
        assignee: who claimed it.
        assigned_to: for whom it is kept, until `assignment_expires_at`; others may still claim it by name.
        superseded: whether it stays closed, since a further case of the card may begin or has begun.
    """

    case_id: CaseId
    account: Account
    card_id: CardId
    card_masked: str
    number: int
    previous_case_id: CaseId | None = None
    status: Status
    superseded: bool = False
    priority: int
    amount_at_risk: tuple[AmountAtRisk, ...]
    opened_at: Instant
    last_alerted_at: Instant
    assignee: str | None = None
    claim_expires_at: Instant | None = None
    snoozed_until: Instant | None = None
    assigned_to: str | None = None
    assignment_expires_at: Instant | None = None
    resolution: Resolution | None = None
    reason: str | None = None
    closed_at: Instant | None = None
    closed_by: str | None = None
    alerts: tuple[CaseAlert, ...]
    audit: tuple[AuditEntry, ...]

    @property
    def version(self) -> int:
        """How many changes the case has seen."""
        return len(self.audit)

    def has(self, alert_id: AlertId) -> bool:
        """Whether the case has counted an alert."""
        return any(alert.alert_id == alert_id for alert in self.alerts)

    def is_held(self, at: Instant) -> bool:
        """Whether somebody's claim holds at that moment."""
        return self.status == "claimed" and self.claim_expires_at is not None and at < self.claim_expires_at

    def status_at(self, at: Instant) -> Status:
        """The status at that moment: a claim that has expired leaves the case open."""
        return "open" if self.status == "claimed" and not self.is_held(at) else self.status

    def kept_for(self, at: Instant) -> str | None:
        """Whom the case is assigned to at that moment."""
        return self.assigned_to if at < (self.assignment_expires_at or at) else None

    def free_at(self) -> Instant | None:
        """From when on the case may be claimed by anybody: None is at once."""
        return self.claim_expires_at if self.status == "claimed" else self.snoozed_until
