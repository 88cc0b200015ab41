"""Observations of events, and of request bodies as the loader makes them of a file's rows."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fraud.observations.observation import Observation
from txn_core.transactions.event import Event, EventCustomer, EventTerminal
from txn_core.transactions.instants import Instant, datetime_of, parse_instant

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NOBODY: Final = EventCustomer.model_validate(dict.fromkeys(EventCustomer.model_fields))
_NO_TERMINAL: Final = EventTerminal.model_validate(dict.fromkeys(EventTerminal.model_fields))
_NOTHING: Final[Mapping[str, Any]] = {}


def observation_of(event: Event) -> Observation:
    """The observation of an event."""
    customer = event.customer or _NOBODY
    terminal = event.terminal or _NO_TERMINAL
    return Observation(
        account=event.account,
        card_id=event.card_id,
        card_aliases=event.card_aliases,
        transaction_id=event.transaction_id,
        type=event.type,
        amount_minor=event.amount_minor,
        currency=event.currency,
        occurred_at_us=_microseconds(event.occurred_at),
        category=event.merchant.category,
        merchant_id=event.merchant_id,
        customer_latitude=customer.latitude,
        customer_longitude=customer.longitude,
        merchant_latitude=event.merchant.latitude,
        merchant_longitude=event.merchant.longitude,
        gender=customer.gender,
        date_of_birth=customer.date_of_birth,
        city_population=customer.city_population,
        state=customer.state,
        job=customer.job,
        entry_mode=terminal.entry_mode,
        terminal_id=terminal.terminal_id,
    )


def observation_of_row(body: Mapping[str, Any], *, account: str, card_id: str, merchant_id: str) -> Observation:
    """The observation of a sound request body, such as a row of a file makes.

    The ids are those of the caller, who alone knows the card number and the merchant's name.
    """
    merchant = body.get("merchant") or _NOTHING
    customer = body.get("customer") or _NOTHING
    terminal = body.get("terminal") or _NOTHING
    return Observation(
        account=account,
        card_id=card_id,
        card_aliases=(),
        transaction_id=body["transaction_id"],
        type=body.get("type", "purchase"),
        amount_minor=body["amount_minor"],
        currency=body["currency"],
        occurred_at_us=_microseconds(parse_instant(body["occurred_at"])),
        category=merchant.get("category"),
        merchant_id=merchant_id,
        customer_latitude=customer.get("latitude"),
        customer_longitude=customer.get("longitude"),
        merchant_latitude=merchant.get("latitude"),
        merchant_longitude=merchant.get("longitude"),
        gender=customer.get("gender"),
        date_of_birth=customer.get("date_of_birth"),
        city_population=customer.get("city_population"),
        state=customer.get("state"),
        job=customer.get("job"),
        entry_mode=terminal.get("entry_mode"),
        terminal_id=terminal.get("terminal_id"),
    )


def _microseconds(instant: Instant) -> int:
    return (datetime_of(instant) - _EPOCH) // _MICROSECOND
