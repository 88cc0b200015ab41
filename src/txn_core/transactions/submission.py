"""A submission: what a sound request body comes to, before it has ids.

Its card number stands apart and its other fields are already written as the event will hold them, so that nothing
between a request's bytes and the event's goes through an object a field.
"""

from typing import Final, NamedTuple, NoReturn

from pydantic_core import from_json

from txn_core.card_numbers.pan import Pan
from txn_core.exceptions import InvalidTransactionError
from txn_core.transactions.faults import Fault
from txn_core.transactions.instants import Instant, offset_minutes_of
from txn_core.transactions.payment_fields import COUNTRY, PAYMENT_FIELDS
from txn_core.transactions.transaction import TransactionRequest

# They stand in front of the client's other fields in an event, the card number as its id.
_APART: Final = {"transaction_id", "card_number"}
_PURCHASE: Final = b'{"type":"purchase",'
ID_CHARS_MIN_OF_SCHEMA_1: Final = 8


class Submission(NamedTuple):
    """One request's transaction; `client_fields` is a JSON object of all fields but id and card number."""

    transaction_id: str | None
    card_number: Pan
    occurred_at: Instant
    merchant_name: str
    customer_reference: str | None
    client_fields: bytes
    event_schema: int = 1
    """The version of the event's schema that its fields need: 2 with a payment field or a short id."""
    offset_minutes: int = 0
    """The offset from UTC that the time was written with. Events have it from schema 2 on."""

    def __repr__(self) -> str:
        return "Submission(hidden)"

    @property
    def original_transaction_id(self) -> str | None:
        """The transaction that a refund or a reversal refers to; None of a purchase, which is not parsed for it."""
        if self.client_fields.startswith(_PURCHASE):
            return None
        original: str | None = from_json(self.client_fields)["original_transaction_id"]
        return original

    @classmethod
    def of(cls, request: TransactionRequest) -> "Submission":
        """The submission of a parsed request."""
        return cls(
            request.transaction_id,
            request.card_number,
            request.occurred_at,
            request.merchant.name,
            request.customer.reference if request.customer else None,
            request.__pydantic_serializer__.to_json(request, exclude=_APART),
            2 if _needs_schema_2(request) else 1,
            offset_minutes_of(request.occurred_at),
        )

    def refuse_under_schema_1(self) -> NoReturn:
        """Name each thing that an event of schema 1 cannot hold, of a submission that needs schema 2.

        Raises:
            InvalidTransactionError: `not_accepted_yet`.
        """
        fields = from_json(self.client_fields)
        names = [name for name in PAYMENT_FIELDS if name in fields]
        if COUNTRY in fields["merchant"]:
            names.append(f"merchant/{COUNTRY}")
        if is_short(self.transaction_id):
            names.append("transaction_id")
        raise InvalidTransactionError(*(Fault(f"/{name}", "not_accepted_yet") for name in names))


def is_short(transaction_id: str | None) -> bool:
    """Whether an id has fewer characters than events of schema 1 hold."""
    return transaction_id is not None and len(transaction_id) < ID_CHARS_MIN_OF_SCHEMA_1


def _needs_schema_2(request: TransactionRequest) -> bool:
    fields = request.__dict__
    return (
        any(fields[name] is not None for name in PAYMENT_FIELDS)
        or request.merchant.country is not None
        or is_short(request.transaction_id)
    )
