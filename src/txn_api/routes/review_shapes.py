"""What the document tells of alerts, cases and labels, and the texts that reviewers send."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from fraud.records.alert import Severity
from fraud.records.case import AuditAction, Resolution, Status
from fraud.records.case_actions import CLAIMS_MAX, SNOOZE_MINUTES_MAX, TEXT_BYTES_MAX, TEXT_CHARS_MAX
from fraud.records.case_alerts import ALERTS_MAX
from fraud.records.label import HISTORY_MAX, LabelSource, LabelValue
from txn_api.schemas import (
    EXAMPLE_ACCEPTED_AT,
    EXAMPLE_IDS,
    CardIdText,
    CursorText,
    InstantText,
    MerchantIdText,
    Shape,
    TransactionIdText,
    example_transaction,
)
from txn_core.card_numbers.free_text_fields import A_TIME, AN_ID
from txn_core.transactions.faults import CONTROL_FREE_PATTERN, ID_PATTERN, TEXT_PATTERN, rule_broken
from txn_core.transactions.identity import ACCOUNT_PATTERN, ALERT_ID_PATTERN, CASE_ID_PATTERN, TransactionId
from txn_core.transactions.instants import Instant, parse_instant

_ALERT_ID: Final = "alr_4c1d3a09e2b84f6c9d7e5a1b0c2f3e4d"
EXAMPLE_CASE_ID: Final = "cas_7b1f9e2d4c6a4850b3e1d2c4f5a60718"
_ACTOR: Final = "key_0123456789abcdef"
REVIEWER_PATTERN: Final = "^(key_[0-9a-f]{16}|sub_[0-9a-f]{32})$"
_SCORES: Final = 999

AlertIdText = Annotated[str, Field(pattern=ALERT_ID_PATTERN, examples=[_ALERT_ID])]
CaseIdText = Annotated[str, Field(pattern=CASE_ID_PATTERN, examples=[EXAMPLE_CASE_ID])]
ActorText = Annotated[
    str,
    Field(
        min_length=6,
        max_length=64,
        pattern="^[a-z]+(_[0-9a-f]+)?$",
        description="A credential: a key's id, or a digest of a token's issuer, account and subject.",
        examples=[_ACTOR],
    ),
]
_Text = Annotated[str, Field(max_length=TEXT_CHARS_MAX, pattern=CONTROL_FREE_PATTERN)]
_Code = Annotated[str, Field(max_length=128, pattern="^[A-Za-z0-9_.:-]+$")]
_AccountText = Annotated[str, Field(pattern=ACCOUNT_PATTERN, examples=["acme"])]
_Amount = Annotated[int, Field(ge=0, description="In the currency's minor units.")]
_Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
_Score = Annotated[int, Field(ge=0, le=_SCORES)]


class ReasonShape(Shape):
    """What one feature contributed to a score."""

    feature: _Code
    value: Annotated[float | None, Field(ge=-1e15, le=1e15)]
    contribution: Annotated[float, Field(ge=-1e6, le=1e6, description="In log-odds; positive speaks for fraud.")]
    text: Annotated[_Text, Field(description="For people.")]


class AlertShape(Shape):
    """What the scorer found about one transaction. It never changes; the same stands on the stream of alerts."""

    alert_id: AlertIdText
    account: _AccountText
    transaction_id: TransactionIdText
    card_id: CardIdText
    card_masked: Annotated[str, Field(max_length=19, pattern="^[0-9*]+$")]
    case_id: CaseIdText
    amount_minor: _Amount
    currency: _Currency
    score: Annotated[_Score, Field(description="Calibrated.")]
    severity: Severity
    model: Annotated[_Code | None, Field(description="None when rules alone raised it.")]
    rules: Annotated[_Code | None, Field(description="The rules' version.")]
    reasons: Annotated[list[ReasonShape], Field(max_length=100)]
    rule_hits: Annotated[list[_Code], Field(max_length=200)]
    occurred_at: InstantText
    arrived_at: InstantText
    alerted_at: InstantText
    merchant_id: Annotated[MerchantIdText | None, Field(description="None of alerts from before they had it.")] = None


class AlertList(Shape):
    """One page of alerts."""

    data: Annotated[list[AlertShape], Field(max_length=1000)]
    has_more: bool
    next_cursor: CursorText | None


class AmountAtRiskShape(Shape):
    """The sum of a case's alerts in one currency."""

    currency: _Currency
    amount_minor: _Amount


class CaseAlertShape(Shape):
    """An alert of a case."""

    alert_id: AlertIdText
    transaction_id: TransactionIdText


class AuditShape(Shape):
    """One change of a case; entry `number` made version `number`."""

    number: Annotated[int, Field(ge=1)]
    at: InstantText
    by: ActorText
    action: AuditAction
    text: _Text | None
    resolution: Resolution | None
    until: Annotated[
        InstantText | None, Field(description="When a claim or an assignment expires, or a snooze ends.")
    ]


class CaseSummaryShape(Shape):
    """A case as lists show it."""

    case_id: CaseIdText
    account: _AccountText
    card_id: CardIdText
    card_masked: Annotated[str, Field(max_length=19, pattern="^[0-9*]+$")]
    number: Annotated[int, Field(ge=1, description="Which of the card's cases it is.")]
    previous_case_id: CaseIdText | None
    status: Status
    superseded: Annotated[bool, Field(description="It stays closed: a further case of the card may have begun.")]
    priority: Annotated[_Score, Field(description="The highest score of its alerts.")]
    amount_at_risk: Annotated[list[AmountAtRiskShape], Field(max_length=200)]
    opened_at: InstantText
    last_alerted_at: InstantText
    assignee: Annotated[ActorText | None, Field(description="Who has claimed it.")]
    claim_expires_at: InstantText | None
    snoozed_until: InstantText | None
    assigned_to: Annotated[ActorText | None, Field(description="For whom `POST /cases/next` keeps it.")]
    assignment_expires_at: InstantText | None
    resolution: Resolution | None
    reason: _Text | None
    closed_at: InstantText | None
    closed_by: ActorText | None
    alert_count: Annotated[int, Field(ge=1, le=ALERTS_MAX)]
    version: Annotated[int, Field(ge=1, description="The `ETag` is `v` and this number.")]


class CaseShape(CaseSummaryShape):
    """The alerts of one card that are decided together, and all that was done about them."""

    alerts: Annotated[list[CaseAlertShape], Field(max_length=ALERTS_MAX)]
    audit: Annotated[list[AuditShape], Field(max_length=ALERTS_MAX + CLAIMS_MAX + 100)]


class CaseList(Shape):
    """One page of cases."""

    data: Annotated[list[CaseSummaryShape], Field(max_length=1000)]
    has_more: bool
    next_cursor: CursorText | None


class LabelShape(Shape):
    """One label."""

    value: LabelValue
    source: LabelSource
    labelled_at: Annotated[InstantText, Field(description="Since when it is known.")]
    recorded_at: InstantText
    by: ActorText
    reason: _Text | None
    case_id: CaseIdText | None


class LabelledShape(Shape):
    """All labels of a transaction in the order of `labelled_at`; the last one counts."""

    account: _AccountText
    transaction_id: TransactionIdText
    version: Annotated[int, Field(ge=1)]
    history: Annotated[list[LabelShape], Field(min_length=1, max_length=HISTORY_MAX)]
    dropped: Annotated[int, Field(ge=0, description="How many of the oldest ones are not kept.")]


def _short(text: str) -> str:
    """A text of a person that shows something and is short in bytes, too.

    Raises:
        PydanticCustomError: `text_blank` or `text_too_long`.
    """
    if not text.strip():
        raise rule_broken("text_blank")
    if len(text.encode()) > TEXT_BYTES_MAX:
        raise rule_broken("text_too_long")
    return text


ReviewText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=TEXT_CHARS_MAX,
        pattern=TEXT_PATTERN,
        description="One line, without card numbers, of at most 1,000 bytes in UTF-8.",
    ),
    AfterValidator(_short),
]
_Moment = Annotated[
    Instant,
    AfterValidator(parse_instant),
    Field(max_length=35, json_schema_extra={"format": "date-time"}),
    A_TIME,
]


class ReviewRequest(BaseModel):
    """The common rules of what reviewers send."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class AssignRequest(ReviewRequest):
    """For whom a case is kept."""

    assignee: Annotated[
        str | None,
        Field(
            max_length=36,
            pattern=REVIEWER_PATTERN,
            description="A credential as the audit names it. `null` takes the case from whoever has it.",
        ),
    ]


class NoteRequest(ReviewRequest):
    """What is to be written down."""

    text: ReviewText


class SnoozeRequest(ReviewRequest):
    """For how long a case is put off."""

    minutes: Annotated[int, Field(ge=1, le=SNOOZE_MINUTES_MAX)]


class CloseRequest(ReviewRequest):
    """The decision about a case."""

    resolution: Resolution
    reason: ReviewText


class ReopenRequest(ReviewRequest):
    """Why a decision is taken up again."""

    reason: ReviewText


class LabelRequest(ReviewRequest):
    """What is known of a transaction. Whether the transaction is indexed is not asked: it may be long ago."""

    transaction_id: Annotated[TransactionId, Field(pattern=ID_PATTERN), AN_ID]
    value: LabelValue
    source: Annotated[LabelSource, Field(description="Who found it out.")] = "analyst"
    labelled_at: Annotated[
        _Moment | None, Field(description="Since when it is known, such as a chargeback's date; now, when absent.")
    ] = None
    reason: ReviewText | None = None


_REQUEST: Final = example_transaction()
_ALERT: Final = {
    "alert_id": _ALERT_ID,
    "account": "acme",
    "transaction_id": _REQUEST["transaction_id"],
    "card_id": EXAMPLE_IDS["card_id"],
    "card_masked": "270318******2095",
    "case_id": EXAMPLE_CASE_ID,
    "amount_minor": 497,
    "currency": "USD",
    "score": 973,
    "severity": "critical",
    "model": "mdl_2026-01-01",
    "rules": "rules_7",
    "reasons": [
        {
            "feature": "purchases_1h",
            "value": 9,
            "contribution": 1.75,
            "text": "9 purchases within an hour; the card has 1 in most hours",
        }
    ],
    "rule_hits": ["night_online"],
    "occurred_at": "2019-01-01T00:00:18.000000Z",
    "arrived_at": EXAMPLE_ACCEPTED_AT,
    "alerted_at": "2026-01-02T03:04:06.123456Z",
    "merchant_id": EXAMPLE_IDS["merchant_id"],
}
_SUMMARY: Final[dict[str, Any]] = {
    "case_id": EXAMPLE_CASE_ID,
    "account": "acme",
    "card_id": EXAMPLE_IDS["card_id"],
    "card_masked": "270318******2095",
    "number": 1,
    "previous_case_id": None,
    "status": "claimed",
    "superseded": False,
    "priority": 973,
    "amount_at_risk": [{"currency": "USD", "amount_minor": 497}],
    "opened_at": "2026-01-02T03:04:06.200000Z",
    "last_alerted_at": "2026-01-02T03:04:06.123456Z",
    "assignee": _ACTOR,
    "claim_expires_at": "2026-01-02T03:20:00.000000Z",
    "snoozed_until": None,
    "assigned_to": None,
    "assignment_expires_at": None,
    "resolution": None,
    "reason": None,
    "closed_at": None,
    "closed_by": None,
    "alert_count": 1,
    "version": 2,
}
_ENTRY: Final = {"text": None, "resolution": None, "until": None}
_OPENED: Final = _ENTRY | {
    "number": 1,
    "at": "2026-01-02T03:04:06.200000Z",
    "by": "scorer",
    "action": "opened",
    "text": _ALERT_ID,
}
_CLAIMED: Final = _ENTRY | {
    "number": 2,
    "at": "2026-01-02T03:05:00.000000Z",
    "by": _ACTOR,
    "action": "claimed",
    "until": "2026-01-02T03:20:00.000000Z",
}
_CLOSED: Final = _ENTRY | {
    "number": 3,
    "at": "2026-01-02T03:09:00.000000Z",
    "by": _ACTOR,
    "action": "closed",
    "text": "The holder was at home.",
    "resolution": "fraud",
}
_CASE: Final = _SUMMARY | {
    "alerts": [{"alert_id": _ALERT_ID, "transaction_id": _REQUEST["transaction_id"]}],
    "audit": [_OPENED, _CLAIMED],
}
_DECIDED: Final = _CASE | {
    "status": "closed",
    "assignee": None,
    "claim_expires_at": None,
    "resolution": "fraud",
    "reason": "The holder was at home.",
    "closed_at": "2026-01-02T03:09:00.000000Z",
    "closed_by": _ACTOR,
    "version": 3,
    "audit": [_OPENED, _CLAIMED, _CLOSED],
}
_LABEL: Final = {
    "value": "fraud",
    "source": "chargeback",
    "labelled_at": "2019-02-01T00:00:00.000000Z",
    "recorded_at": "2026-01-02T03:10:00.000000Z",
    "by": _ACTOR,
    "reason": "reason code 10.4",
    "case_id": None,
}
LABEL_REQUEST: Final = {
    "transaction_id": _REQUEST["transaction_id"],
    "value": "fraud",
    "source": "chargeback",
    "labelled_at": "2019-02-01T00:00:00Z",
    "reason": "reason code 10.4",
}
_CURSOR: Final = "q83vASNFZ4mrze8BI0VniTIwMjYtMDEtMDJUMDM6MDQ6MDYuMTIzNDU2WiNhbHJf"
ALERT_EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "Alert": {"alert": _ALERT},
    "AlertList": {
        "last_page": {"data": [_ALERT], "has_more": False, "next_cursor": None},
        "first_page": {"data": [_ALERT], "has_more": True, "next_cursor": _CURSOR},
    },
}
CASE_EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "Case": {"claimed": _CASE, "decided": _DECIDED},
    "CaseList": {"last_page": {"data": [_SUMMARY], "has_more": False, "next_cursor": None}},
    "AssignRequest": {"to_a_reviewer": {"assignee": _ACTOR}, "to_nobody": {"assignee": None}},
    "NoteRequest": {"note": {"text": "The holder does not answer the telephone."}},
    "SnoozeRequest": {"until_tomorrow": {"minutes": 960}},
    "CloseRequest": {"fraud": {"resolution": "fraud", "reason": "The holder was at home."}},
    "ReopenRequest": {"new_facts": {"reason": "The holder has called again."}},
}
LABEL_EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "Labels": {
        "chargeback": {
            "account": "acme",
            "transaction_id": _REQUEST["transaction_id"],
            "version": 1,
            "history": [_LABEL],
            "dropped": 0,
        }
    },
    "LabelRequest": {
        "chargeback": LABEL_REQUEST,
        "analyst": {"transaction_id": _REQUEST["transaction_id"], "value": "legitimate"},
    },
}
CASE_ID_WORDS: Final = {
    "case_id": {
        "description": "The case's id.",
        "schema": {"type": "string", "pattern": CASE_ID_PATTERN},
        "example": EXAMPLE_CASE_ID,
    }
}
