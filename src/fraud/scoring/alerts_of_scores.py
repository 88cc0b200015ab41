"""The alert that a verdict raises. Only the decision `alert` does."""

from collections.abc import Iterable
from typing import Final

from fraud.model.reasons import Reason as ModelReason
from fraud.records.alert import Alert, Reason, severity_of
from fraud.scoring.verdict import Verdict
from txn_core.transactions.event import Event
from txn_core.transactions.identity import KeyRing
from txn_core.transactions.instants import Instant

UNSCORED: Final = 0
"""The score of an alert that rules alone raised."""
_THOUSANDTHS: Final = 1_000.0


def alert_of(
    event: Event,
    verdict: Verdict,
    reasons: Iterable[ModelReason],
    keys: KeyRing,
    *,
    arrived_at: Instant,
    alerted_at: Instant,
) -> Alert:
    """The alert of an event, without a case: the desk gives it one. `reasons` are those of `Model.reasons`."""
    score = UNSCORED if verdict.score is None else verdict.score
    return Alert(
        alert_id=keys.alert_id(event.account, event.transaction_id),
        account=event.account,
        transaction_id=event.transaction_id,
        card_id=event.card_id,
        card_masked=event.card_masked,
        amount_minor=event.amount_minor,
        currency=event.currency,
        score=score,
        severity=severity_of(score),
        model=verdict.model,
        rules=verdict.rules_version,
        reasons=tuple(
            Reason(each.feature, each.value, each.contribution / _THOUSANDTHS, each.text) for each in reasons
        ),
        rule_hits=verdict.rule_hits,
        occurred_at=event.occurred_at,
        arrived_at=arrived_at,
        alerted_at=alerted_at,
        merchant_id=event.merchant_id,
    )
