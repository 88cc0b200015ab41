"""An alert: what the scorer found about one transaction, with its reasons. It never changes once it has its case.

The same bytes are answered by `GET /alerts/{id}` and stand on the stream `txn-alerts`.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from txn_core.transactions.identity import Account, AlertId, CardId, CaseId, MerchantId, TransactionId
from txn_core.transactions.instants import Instant

Severity = Literal["medium", "high", "critical"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
CRITICAL_FROM: Final = 950
HIGH_FROM: Final = 800


@dataclass(frozen=True, slots=True)
class Reason:
    """What a feature contributed to a score, and how a person reads it; `contribution` is in log-odds."""

    feature: str
    value: int | float | None
    contribution: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert.

    Attributes:
        score: 0 to 999, calibrated.
        model: the model that scored, or None when rules alone raised the alert.
        rules: the version of the rules.
        rule_hits: the ids of the rules that hit.
        merchant_id: the transaction's merchant, or None of an alert that was raised before alerts had it.
        case_id: the case that has the alert. The desk gives it one (`fraud.review.alert_desk`).
    """

    alert_id: AlertId
    account: Account
    transaction_id: TransactionId
    card_id: CardId
    card_masked: str
    case_id: CaseId | None = None
    amount_minor: int
    currency: str
    score: int
    severity: Severity
    model: str | None
    rules: str | None
    reasons: tuple[Reason, ...] = ()
    rule_hits: tuple[str, ...] = ()
    occurred_at: Instant
    arrived_at: Instant
    alerted_at: Instant
    merchant_id: MerchantId | None = None


def severity_of(score: int) -> Severity:
    """How urgent an alert of a score (0 to 999) is."""
    return "critical" if score >= CRITICAL_FROM else "high" if score >= HIGH_FROM else "medium"
