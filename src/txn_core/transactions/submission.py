"""A submission: what a sound request body comes to, before it has ids.

Its card number stands apart and its other fields are already written as the event will hold them, so that nothing
between a request's bytes and the event's goes through an object a field.
"""

from typing import Final, NamedTuple

from pydantic_core import from_json

from txn_core.card_numbers.pan import Pan
from txn_core.transactions.instants import Instant
from txn_core.transactions.transaction import TransactionRequest

# They stand in front of the client's other fields in an event, the card number as its id.
_APART: Final = {"transaction_id", "card_number"}
_PURCHASE: Final = b'{"type":"purchase",'


class Submission(NamedTuple):
    """One request's transaction; `client_fields` is a JSON object of all fields but id and card number."""

    transaction_id: str | None
    card_number: Pan
    occurred_at: Instant
    merchant_name: str
    customer_reference: str | None
    client_fields: bytes

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
        )
