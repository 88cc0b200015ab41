"""Transactions and what becomes of them, with defaults for all that a test does not care about.

Card numbers are made up here, and end in the check digit of the rest. Most begin with 9, which ISO/IEC 7812 leaves to
national bodies. Those that a search has to find begin as documented test cards do.
"""

import base64
import itertools
import json
from datetime import UTC, datetime
from typing import Any, Final

from txn_core.card_numbers.pan import Pan
from txn_core.dynamodb.transactions import IndexItem
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.positions import Position, SequenceNumber, ShardId, WriteOrder
from txn_core.transactions.event import EncodedEvent, Event, encode
from txn_core.transactions.identity import Account, KeyRing, TransactionId
from txn_core.transactions.instants import Instant
from txn_core.transactions.submission import Submission
from txn_core.transactions.transaction import TransactionRequest, parse_transaction

ACCOUNT: Final = Account("acme")
CARD_KEY: Final = bytes([1]) * 32
IDENTITY_KEY: Final = bytes([2]) * 32
ACCEPTED_AT: Final = Instant("2026-01-02T03:04:05.678901Z")
ARRIVED_AT: Final = datetime(2026, 1, 2, 3, 4, 6, 123000, tzinfo=UTC)
SHARD: Final = ShardId("shardId-000000000000")

_ISSUED: Final = "679999"  # Maestro; of Worldpay's test card 6799990100000000019

_counter = itertools.count(1)


def check_digit(digits: str) -> str:
    """The Luhn check digit by the textbook: double every second digit from the right, take digit sums."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def with_check_digit(digits: str) -> str:
    """The digits and their check digit behind them."""
    return digits + check_digit(digits)


def card_number(number: int = 0, *, length: int = 16) -> str:
    """The made-up card number of an ordinal, 8 to 19 digits long."""
    return with_check_digit("9" + str(number).zfill(length - 2))


def issued_card_number(number: int = 0, *, length: int = 16) -> str:
    """The made-up card number of an ordinal, 12 to 19 digits long, that a scheme could have issued."""
    return with_check_digit(_ISSUED + str(number).zfill(length - 1 - len(_ISSUED)))


def base64_key(byte: int) -> str:
    """A key as settings take it."""
    return base64.b64encode(bytes([byte]) * 32).decode()


def keys(*, versions: int = 1) -> KeyRing:
    """A key ring whose first card key is `CARD_KEY`; each further version has another one."""
    ring = {1: CARD_KEY} | {version: bytes([100 + version]) * 32 for version in range(2, versions + 1)}
    return KeyRing(ring, IDENTITY_KEY)


def transaction_id(number: int | None = None) -> TransactionId:
    """The id of an ordinal, or one that no other test of this process has."""
    return TransactionId(f"{next(_counter) if number is None else number:032x}")


def body(**changes: Any) -> dict[str, Any]:
    """A smallest sound request body; a change to `...` leaves a field out."""
    fields = {
        "transaction_id": transaction_id(0),
        "card_number": card_number(),
        "amount_minor": 497,
        "currency": "USD",
        "occurred_at": "2019-01-01T00:00:18Z",
        "merchant": {"name": "Rippin, Kub and Mann"},
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not ...}


def full_body(**changes: Any) -> dict[str, Any]:
    """A request body with every field of the contract that a purchase may have."""
    return (
        body(
            type="purchase",
            original_transaction_id=None,
            merchant={
                "name": "Rippin, Kub and Mann",
                "category": "misc_net",
                "latitude": 36.011293,
                "longitude": -82.048315,
            },
            customer=customer(),
            terminal={"terminal_id": "T0000042", "entry_mode": "contactless"},
            is_fraud=False,
        )
        | changes
    )


def payment_fields(**changes: Any) -> dict[str, Any]:
    """What a request body of event schema 2 has besides, but for the merchant's country."""
    return {
        "mcc": "5411",
        "authorization_code": "A1b2C3",
        "retrieval_reference_number": "021712345678",
        "system_trace_audit_number": "000042",
        "acquirer_id": "00123456",
        "card_acceptor_id": "SHOP 42/7",
        "cardholder_amount_minor": 455,
        "cardholder_currency": "EUR",
        "metadata": {"order": "o-17", "basket.size": "three: a, b, c"},
        **changes,
    }


def customer(**changes: Any) -> dict[str, Any]:
    """A customer of whom everything is known."""
    return {
        "reference": "c-1001",
        "first_name": "Jennifer",
        "last_name": "Banks",
        "gender": "F",
        "date_of_birth": "1988-03-09",
        "job": "Psychologist, counselling",
        "street": "561 Perry Cove",
        "city": "Moravian Falls",
        "state": "NC",
        "postal_code": "28654",
        "latitude": 36.0788,
        "longitude": -81.1781,
        "city_population": 3495,
        **changes,
    }


def json_bytes(document: object, *, ascii_only: bool = False) -> bytes:
    """A document as compact JSON."""
    return json.dumps(document, ensure_ascii=ascii_only, separators=(",", ":")).encode()


def request(**changes: Any) -> TransactionRequest:
    """The parsed request of `body(**changes)`."""
    return parse_transaction(json_bytes(body(**changes)))


def of_before(request: TransactionRequest, merchant_name: str) -> TransactionRequest:
    """A request whose merchant has a name that is refused today and was taken once."""
    merchant = request.merchant.model_copy(update={"name": merchant_name})
    return request.model_copy(update={"merchant": merchant})


def pan(number: int = 0, *, length: int = 16) -> Pan:
    """The card number of an ordinal as the type that may hold it."""
    return Pan(card_number(number, length=length))


def encoded(
    parsed: TransactionRequest | None = None,
    *,
    account: Account = ACCOUNT,
    ring: KeyRing | None = None,
    accepted_at: Instant = ACCEPTED_AT,
    event_schema: int = 1,
    **changes: Any,
) -> EncodedEvent:
    """The event of a request, by default of `body(**changes)`."""
    parsed = parsed or request(**changes)
    return encode(
        Submission.of(parsed),
        transaction_id=TransactionId(parsed.transaction_id or transaction_id()),
        account=account,
        keys=ring or keys(),
        accepted_at=accepted_at,
        event_schema=event_schema,
    )


def position(sequence_number: int = 1, sub_sequence_number: int = 0, *, shard_id: ShardId = SHARD) -> Position:
    """A place on the stream."""
    return Position(shard_id, SequenceNumber(str(sequence_number)), sub_sequence_number)


def arrived(data: bytes | None = None, at: Position | None = None, **changes: Any) -> StreamRecord:
    """An event as it was read from the stream, by default the event of `body(**changes)`."""
    return StreamRecord(encoded(**changes).data if data is None else data, at or position(), ARRIVED_AT)


def index_item(event: EncodedEvent | None = None, at: Position | None = None, **changes: Any) -> IndexItem:
    """The index item of an event, by default of `encoded(**changes)`, read at a position."""
    event = event or encoded(**changes)
    order = WriteOrder.of(event.accepted_at, at or position())
    return IndexItem.of(Event.decode(event.data), event.data, order)
