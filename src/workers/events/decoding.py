"""Taking in what stands on the stream: which bytes are an event that both views can keep, and in which form.

Whoever may write to the stream may write anything. What any view could not hold is refused here for all of them,
before any write, so that a refusal by a store afterwards is a fault of ours and not of the record.
"""

from dataclasses import dataclass
from typing import Final

from txn_core.exceptions import EventError
from txn_core.kinesis.record_batch import RecordBatch, StreamRecord
from txn_core.transactions.event import Event
from txn_core.transactions.event_form import has_shape, have_shape
from txn_core.transactions.identity import normalise_merchant

EVENT_BYTES_MAX: Final = 256 << 10  # a DynamoDB item holds 400 KB, and keys and conflicts stand beside the event
SHORT_BYTES_MAX: Final = EVENT_BYTES_MAX // 16
"""Of bytes whose canonical form is not too large, however they are written: no character becomes more than six."""
MERCHANT_KEY_BYTES_MAX: Final = 1024  # a DynamoDB sort key


@dataclass(frozen=True, slots=True)
class DecodedEvent:
    """An event with its canonical bytes: those that `event.encode` would have written."""

    event: Event
    arrived: StreamRecord


def decode(record: StreamRecord) -> DecodedEvent:
    """Read a record as an event.

    A foreign producer's event may be written otherwise than ours (white space, order of fields): it is kept in the
    canonical form, which says the same.

    Raises:
        EventError: it is not an event, or not one that the views can hold. Says why, never what stood there.
    """
    event = Event.decode(record.data)
    data = _canonical(event)
    _refuse_unkeepable(event, data)
    return DecodedEvent(
        event, record if data == record.data else StreamRecord(data, record.position, record.arrived_at)
    )


def event_in(record: StreamRecord) -> Event:
    """The same event for those who do not keep its bytes, which are not written once more unless it may be too large.

    Raises:
        EventError: as `decode`.
    """
    event, data = Event.decode(record.data), record.data
    _refuse_unkeepable(event, data if len(data) <= SHORT_BYTES_MAX else _canonical(event))
    return event


def to_look_at(records: RecordBatch) -> list[int]:
    """The places of those records that may not become rows without `decode`.

    The others may, provided that their rows have the form of an event, too.
    """
    if all(len(run.data) <= EVENT_BYTES_MAX for run in records.runs) and have_shape(records.lines):
        return []
    return [
        place
        for place, record in enumerate(records)
        if len(record.data) > EVENT_BYTES_MAX or not has_shape(record.data)
    ]


def _canonical(event: Event) -> bytes:
    return event.model_dump_json(by_alias=True).encode()


def _refuse_unkeepable(event: Event, data: bytes) -> None:
    if len(data) > EVENT_BYTES_MAX:
        raise EventError("too large")
    if not 0 < len(normalise_merchant(event.merchant.name).encode()) <= MERCHANT_KEY_BYTES_MAX:
        raise EventError("merchant name out of range")
