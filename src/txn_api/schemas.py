"""The shapes of answers, for the OpenAPI document alone: answers are assembled from stored bytes."""

from typing import Annotated, Any, Final, Literal

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
LineNumber = Annotated[int, Field(ge=1, description="1-based number of the line in the upload.")]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Accepted(_Shape):
    """The acknowledgement of a transaction that is durably on the stream."""

    transaction_id: TransactionIdText
    card_id: CardIdText
    customer_id: CustomerIdText
    merchant_id: MerchantIdText
    status: Literal["accepted"]
    accepted_at: InstantText
    shard_id: ShardIdText
    sequence_number: SequenceNumberText


class Conflict(_Shape):
    """A later 202 for the same transaction id whose content contradicts the first; it is kept as a dead letter."""

    accepted_at: InstantText
    shard_id: ShardIdText
    sequence_number: SequenceNumberText
    sub_sequence_number: Annotated[int, Field(ge=0)]


class MerchantName(_Shape):
    """A merchant, spelled as in its first transaction."""

    merchant_id: MerchantIdText
    name: Annotated[
        str, Field(min_length=1, max_length=100, pattern=CONTROL_FREE_PATTERN, examples=["Rippin, Kub and Mann"])
    ]


class MerchantList(_Shape):
    """One page of merchants."""

    data: Annotated[list[MerchantName], Field(max_length=1000)]
    has_more: bool
    next_cursor: CursorText | None


class FaultShape(_Shape):
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


class ProblemShape(_Shape):
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


class BulkRejected(_Shape):
    """A line that was not accepted."""

    line: LineNumber
    problem: ProblemShape


class BulkAccepted(Accepted):
    """A line that was accepted (only with `results=all`)."""

    line: LineNumber


class BulkTotals(_Shape):
    """The last line of the answer: every line read was accepted, rejected or ended in doubt."""

    receipt_id: Annotated[str, Field(min_length=36, max_length=36, pattern="^rcp_[0-9a-f]{32}$")]
    read: Annotated[int, Field(ge=0)]
    accepted: Annotated[int, Field(ge=0)]
    rejected: Annotated[int, Field(ge=0)]
    unknown: Annotated[int, Field(ge=0, description="Lines whose outcome is unknown: send them again.")]
    ended: Annotated[
        Literal[
            "complete",
            "too_many_rejects",
            "body_timeout",
            "body_too_large",
            "broken_off",
            "encoding_malformed",
            "overloaded",
            "shutting_down",
            "rights_ended",
            "store_unavailable",
        ],
        Field(
            description="Why reading ended; after anything but `complete` there may be lines that were not read. "
            "`rights_ended`: the key was revoked, it or the token expired, or it may do less than when the upload "
            "began. `store_unavailable`: whether the key still holds could not be looked up for too long; try again."
        ),
    ]


class Health(_Shape):
    """The process is alive."""

    status: Literal["ok"]


class Readiness(_Shape):
    """Whether each dependency answers."""

    status: Literal["ready", "not_ready"]
    checks: Annotated[dict[str, Literal["ok", "unavailable"]], Field(max_length=8)]


SHAPES: Final[tuple[type[BaseModel], ...]] = (
    Accepted,
    BulkAccepted,
    BulkRejected,
    BulkTotals,
    Conflict,
    Health,
    MerchantList,
    Readiness,
)
PROBLEM_NAME: Final = "Problem"


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
