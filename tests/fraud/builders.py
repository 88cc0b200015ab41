"""Alerts and cases with defaults for all that a test does not care about."""

from datetime import timedelta
from typing import Any, Final

from fraud.records.alert import Alert, Reason, severity_of
from fraud.records.case import Case
from fraud.records.case_alerts import opened
from tests.builders import ACCOUNT, keys
from txn_core.transactions.identity import AlertId, CardId, TransactionId
from txn_core.transactions.instants import Instant, datetime_of, instant_of

KEYS: Final = keys()
CARD: Final = CardId("card_1_2de66a60894b5631ccd6ee4e2a46a67b")
BEGAN: Final = Instant("2026-01-02T03:04:05.000000Z")


def after(at: Instant = BEGAN, **gone: float) -> Instant:
    """A moment so long after another one; `gone` as `timedelta` takes it."""
    return instant_of(datetime_of(at) + timedelta(**gone))


def alert_of(number: int = 1, **changes: Any) -> Alert:
    """The alert of a transaction."""
    transaction_id = TransactionId(f"review-{number:08d}")
    account, score = changes.get("account", ACCOUNT), changes.pop("score", 900)
    fields: dict[str, Any] = {
        "alert_id": AlertId(KEYS.alert_id(account, transaction_id)),
        "account": ACCOUNT,
        "transaction_id": transaction_id,
        "card_id": CARD,
        "card_masked": "270318******2095",
        "amount_minor": 1_000 * number,
        "currency": "USD",
        "score": score,
        "severity": severity_of(score),
        "model": "mdl_1",
        "rules": None,
        "reasons": (Reason("amount", 123, 1.5, "the amount is unusual for the card"),),
        "occurred_at": BEGAN,
        "arrived_at": BEGAN,
        "alerted_at": BEGAN,
    }
    return Alert(**fields | changes)


def case_of(**changes: Any) -> Case:
    """A card's first case with one alert."""
    alert = alert_of(**changes)
    return opened(alert, KEYS.case_id(alert.account, alert.card_id, 1), 1, None, alert.alerted_at)
