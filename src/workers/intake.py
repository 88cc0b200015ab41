"""Taking in what stands on the stream: which bytes are an event that both views can keep, and in which form.

Whoever may write to the stream may write anything. What any view could not hold is refused here for all of them,
before any write, so that a refusal by a store afterwards is a fault of ours and not of the record.
"""

import math
from dataclasses import dataclass
from typing import Final

from txn_core.errors import EventError
from txn_core.event import Event
from txn_core.identity import normalise_merchant
from txn_core.instants import Instant, datetime_of
from txn_core.lake import Arrived

EVENT_BYTES_MAX: Final = 256 << 10  # a DynamoDB item holds 400 KB, and keys and conflicts stand beside the event
MERCHANT_KEY_BYTES_MAX: Final = 1024  # a DynamoDB sort key
INTEGER_MAX: Final = 2**63 - 1  # a Parquet column


@dataclass(frozen=True, slots=True)
class Sound:
    """An event with its canonical bytes: those that `event.encode` would have written."""

    event: Event
    arrived: Arrived


def take_in(record: Arrived) -> Sound:
    """Read a record as an event.

    A foreign producer's event may be written otherwise than ours (white space, order of fields): it is kept in the
    canonical form, which says the same.

    Raises:
        EventError: it is not an event, or not one that the views can hold. Says why, never what stood there.
    """
    event = Event.decode(record.data)
    _refuse_unkeepable(event)
    data = event.model_dump_json(by_alias=True).encode()
    if len(data) > EVENT_BYTES_MAX:
        raise EventError("too large")
    return Sound(event, record if data == record.data else Arrived(data, record.position, record.arrived_at))


def _refuse_unkeepable(event: Event) -> None:
    _refuse_unreal(event.accepted_at, "accepted_at")
    _refuse_unreal(event.occurred_at, "occurred_at")
    merchant, customer = event.merchant, event.customer
    places = [merchant.latitude, merchant.longitude]
    integers = [event.amount_minor]
    if customer is not None:
        places += [customer.latitude, customer.longitude]
        integers.append(customer.city_population or 0)
    if not all(place is None or math.isfinite(place) for place in places):
        raise EventError("not a finite number")
    if not all(abs(integer) <= INTEGER_MAX for integer in integers):
        raise EventError("integer out of range")
    if not 0 < len(normalise_merchant(merchant.name).encode()) <= MERCHANT_KEY_BYTES_MAX:
        raise EventError("merchant name out of range")


def _refuse_unreal(instant: Instant, name: str) -> None:
    try:
        datetime_of(instant)
    except ValueError:
        raise EventError(f"no such time at /{name}") from None
