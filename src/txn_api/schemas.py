"""What the shapes and examples of several resources share: fields, the problem, and the transaction of the examples.

Shapes are for the OpenAPI document alone: answers are assembled from stored bytes. Parameters are what calls take.
"""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from txn_core.transactions.faults import CONTROL_FREE_PATTERN, ID_PATTERN, MESSAGES
from txn_core.transactions.identity import CARD_ID_PATTERN, CUSTOMER_ID_PATTERN, MERCHANT_ID_PATTERN
from txn_core.transactions.instants import INSTANT_PATTERN

TransactionIdText = Annotated[str, Field(pattern=ID_PATTERN, examples=["0b242abb623afc578575680df30655b9"])]
CardIdText = Annotated[str, Field(pattern=CARD_ID_PATTERN, examples=["card_1_2de66a60894b5631ccd6ee4e2a46a67b"])]
CustomerIdText = Annotated[str, Field(pattern=CUSTOMER_ID_PATTERN, examples=["cus_20261907203b201c2c4e48140f8dd3d6"])]
MerchantIdText = Annotated[str, Field(pattern=MERCHANT_ID_PATTERN, examples=["mer_c9b186bf878f4c3a1c5085d37391ead4"])]
InstantText = Annotated[str, Field(pattern=INSTANT_PATTERN, examples=["2019-01-01T00:00:18.000000Z"])]
ShardIdText = Annotated[
    str, Field(min_length=1, max_length=128, pattern="^[A-Za-z0-9_.-]+$", examples=["shardId-000000000000"])
]
SequenceNumberText = Annotated[
    str,
    Field(
        pattern="^[0-9]{1,129}$",
        max_length=129,
        examples=["49590338271490256608559692538361571095921575989136588898"],
    ),
]
CursorText = Annotated[
    str, Field(min_length=1, max_length=1024, pattern="^[A-Za-z0-9_-]+$", description="For the next page, if any.")
]
CodeText = Annotated[str, Field(min_length=1, max_length=64, pattern="^[a-z][a-z0-9_]*$")]


class Parameters(BaseModel):
    """The common rules of what calls are asked with: nothing unknown, and no error repeats what was sent."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Shape(BaseModel):
    """The common rules of all shapes."""

    model_config = ConfigDict(extra="forbid")


class FaultShape(Shape):
    """One broken rule."""

    pointer: Annotated[
        str,
        Field(
            max_length=128,
            pattern="^(/[A-Za-z0-9_]+)*$",
            description="RFC 6901 pointer to the field; empty for the whole.",
        ),
    ]
    code: Annotated[CodeText, Field(description="Stable; what to branch on.", examples=sorted(MESSAGES)[:1])]
    message: Annotated[str, Field(max_length=256, pattern=CONTROL_FREE_PATTERN, description="The code's fixed text.")]
    column: Annotated[
        str | None, Field(max_length=200, pattern=CONTROL_FREE_PATTERN, description="Of an uploaded table alone.")
    ] = None


class ProblemShape(Shape):
    """RFC 9457 problem details. Never repeats a value that was sent."""

    type: Annotated[
        str,
        Field(
            max_length=256,
            json_schema_extra={"format": "uri-reference"},
            description="Where the problem is explained.",
        ),
    ]
    title: Annotated[str, Field(max_length=128, pattern=CONTROL_FREE_PATTERN)]
    status: Annotated[int, Field(ge=400, le=599, description="The answer's HTTP status.")]
    code: Annotated[CodeText, Field(description="Stable; what to branch on.")]
    detail: Annotated[str, Field(max_length=512, pattern=CONTROL_FREE_PATTERN)]
    request_id: Annotated[str, Field(max_length=20, pattern="^req_[0-9a-f]{16}$", description="As in X-Request-Id.")]
    errors: Annotated[list[FaultShape], Field(max_length=50)]


PROBLEM_NAME: Final = "Problem"
# What the examples tell of the transaction below: its ids, and where on the stream it is.
EXAMPLE_IDS: Final = {
    "card_id": "card_1_2de66a60894b5631ccd6ee4e2a46a67b",
    "customer_id": "cus_20261907203b201c2c4e48140f8dd3d6",
    "merchant_id": "mer_c9b186bf878f4c3a1c5085d37391ead4",
}
EXAMPLE_ACCEPTED_AT: Final = "2026-01-02T03:04:05.678901Z"
EXAMPLE_PLACE: Final = {
    "shard_id": "shardId-000000000000",
    "sequence_number": "49590338271490256608559692538361571095921575989136588898",
}


def example_transaction() -> dict[str, Any]:
    """A complete request body; the card number is made up and passes Luhn."""
    return {
        "transaction_id": "0b242abb623afc578575680df30655b9",
        "type": "purchase",
        "original_transaction_id": None,
        "card_number": "2703186189652095",
        "amount_minor": 497,
        "currency": "USD",
        "occurred_at": "2019-01-01T00:00:18Z",
        "merchant": {
            "name": "Rippin, Kub and Mann",
            "category": "misc_net",
            "latitude": 36.011293,
            "longitude": -82.048315,
        },
        "customer": {
            "reference": None,
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
        },
        "terminal": {"terminal_id": "T0000042", "entry_mode": "contactless"},
        "is_fraud": False,
    }
