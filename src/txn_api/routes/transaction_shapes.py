"""What the document tells of look-ups: JSON or CSV, whole transactions or some of their fields."""

from copy import deepcopy
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import Field

from txn_api.openapi import examples, response_headers
from txn_api.openapi.components import renamed
from txn_api.openapi.operations import REF
from txn_api.openapi.parameters import described_properties
from txn_api.reads.cursors import CURSOR_CHARS_MAX
from txn_api.reads.fields import AMOUNT, PERSONAL
from txn_api.reads.filters import IN_WORDS
from txn_api.reads.negotiation import Form
from txn_api.reads.relations import SUMMED_MAX, Flag
from txn_api.resource import Schemas
from txn_api.schemas import (
    EXAMPLE_ACCEPTED_AT,
    EXAMPLE_IDS,
    EXAMPLE_PLACE,
    CursorText,
    InstantText,
    SequenceNumberText,
    Shape,
    ShardIdText,
    example_transaction,
)
from txn_core.transactions.currency import decimals_in_words
from txn_core.transactions.event import Event
from txn_core.transactions.faults import CONTROL_FREE_PATTERN, ID_PATTERN, TEXT_PATTERN


class Conflict(Shape):
    """A later 202 for the same transaction id whose content contradicts the first; it is kept as a dead letter."""

    accepted_at: InstantText
    shard_id: ShardIdText
    sequence_number: SequenceNumberText
    sub_sequence_number: Annotated[int, Field(ge=0)]


class Risk(Shape):
    """What the scorer makes of a transaction."""

    score: Annotated[int | None, Field(ge=0, le=999, description="Calibrated; none where rules alone decided.")]
    decision: Literal["pass", "review", "alert"]
    model: Annotated[str | None, Field(max_length=128, pattern="^[A-Za-z0-9_.:-]+$")]


class TransactionList(Shape):
    """One page of transactions."""

    data: Annotated[list[Event], Field(max_length=1000)]
    has_more: bool
    next_cursor: CursorText | None


# What a client sends as one part, and the same part as it is stored and read.
_STORED_PARTS: Final = {"Merchant": "EventMerchant", "Customer": "EventCustomer", "Terminal": "EventTerminal"}
NAMES: Final = {"Event": "Transaction", **{stored: f"Stored{part}" for part, stored in _STORED_PARTS.items()}}
_AMOUNT: Final = {
    "anyOf": [{"type": "string", "maxLength": 24, "pattern": r"^-?[0-9]{1,19}(\.[0-9]{1,4})?$"}, {"type": "null"}],
    "description": "In the currency's major unit; negative for a refund or a reversal. `null` for a currency that "
    f"has been withdrawn. {decimals_in_words()}",
}
_PARTS: Final = {
    **{name: f"{name}Part" for name in ("StoredMerchant", "StoredCustomer", "StoredTerminal", "Transaction")},
    "TransactionList": "TransactionPartList",
}
_BOUNDS: Final = frozenset({"pattern", "maxLength", "enum", "maximum", "$ref"})

_REQUEST: Final = example_transaction()
_TRANSACTION: Final = {
    "transaction_id": _REQUEST["transaction_id"],
    "account": "acme",
    "card_id": EXAMPLE_IDS["card_id"],
    "card_masked": "270318******2095",
    "customer_id": EXAMPLE_IDS["customer_id"],
    "merchant_id": EXAMPLE_IDS["merchant_id"],
    "accepted_at": EXAMPLE_ACCEPTED_AT,
    **{name: value for name, value in _REQUEST.items() if name not in {"transaction_id", "card_number"}},
    "occurred_at": "2019-01-01T00:00:18.000000Z",
    "conflicts": [],
}
_PART: Final = {"transaction_id": _REQUEST["transaction_id"], "amount": "4.97", "merchant": {"name": "Kub, Mann"}}
_CONFLICT: Final = {"accepted_at": "2026-01-02T03:05:00.000000Z", **EXAMPLE_PLACE, "sub_sequence_number": 0}
_RISK: Final = {"score": 12, "decision": "pass", "model": "mdl_2026-01-01"}
_REFUND: Final = _TRANSACTION | {
    "transaction_id": "5c9f3a1e7d2b4860a1c3e5f708192a3b",
    "type": "refund",
    "original_transaction_id": _REQUEST["transaction_id"],
    "amount_minor": 200,
    "occurred_at": "2019-01-03T10:15:00.000000Z",
    "accepted_at": "2026-01-04T10:15:01.000000Z",
}
_REVERSAL: Final = _REFUND | {
    "transaction_id": "e80b64d2f1a7493c8d5e6f7a0b1c2d3e",
    "type": "reversal",
    "amount_minor": _REQUEST["amount_minor"],
    "occurred_at": "2019-01-01T00:01:30.000000Z",
    "accepted_at": "2026-01-02T03:06:16.000000Z",
}
_UNRELATED: Final = {"refunded_minor": 0, "reversed_minor": 0, "reversed": False, "flags": []}
_CURSOR: Final = "q83vASNFZ4mrze8BI0VniTIwMTktMDEtMDFUMDA6MDA6MTguMDAwMDAwWiMwYjI0MmFiYg"
EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "RangeParameters": {
        "card": {"card_number": _REQUEST["card_number"], "from": "2019-01-01T00:00:00Z", "limit": 10},
        "merchant": {"merchant_name": "rippin, KUB and mann", "order": "asc"},
        "large_ones": {"card_id": EXAMPLE_IDS["card_id"], "currency": "USD", "amount_min": 50_000},
    },
    "Transaction": {
        "accepted": _TRANSACTION | {"risk": _RISK} | _UNRELATED,
        "refunded_in_part": _TRANSACTION | {"risk": _RISK} | _UNRELATED | {"refunded_minor": 200},
        "refunded_beyond_its_amount": _TRANSACTION
        | {"risk": _RISK}
        | _UNRELATED
        | {"refunded_minor": 600, "flags": ["exceeds_original"]},
        "reversed": _TRANSACTION
        | {"risk": _RISK}
        | _UNRELATED
        | {"reversed_minor": _REQUEST["amount_minor"], "reversed": True},
        "refund_whose_original_is_not_there": _REFUND | {"risk": None} | _UNRELATED | {"original_missing": True},
        "contradicted": _TRANSACTION | {"conflicts": [_CONFLICT], "risk": None},
    },
    "TransactionList": {
        "last_page": {"data": [_TRANSACTION], "has_more": False, "next_cursor": None},
        "first_page": {"data": [_TRANSACTION], "has_more": True, "next_cursor": _CURSOR},
    },
    "RelatedList": {
        "refunded_in_part": {"data": [_REFUND], "has_more": False, "next_cursor": None},
        "reversed": {"data": [_REVERSAL], "has_more": False, "next_cursor": None},
        "first_page": {"data": [_REFUND], "has_more": True, "next_cursor": _CURSOR},
    },
    "TransactionPart": {"some_fields": _PART},
    "TransactionPartList": {"some_fields_of_each": {"data": [_PART], "has_more": False, "next_cursor": None}},
    "RelatedPartList": {
        "some_fields_of_each": {
            "data": [_PART | {"transaction_id": _REFUND["transaction_id"], "amount": "-2.00"}],
            "has_more": False,
            "next_cursor": None,
        }
    },
    "Table": {"some_columns": '"transaction_id","amount","merchant.name"\r\n"my-transaction",-4.97,"Kub, Mann"\r\n'},
}
# An id's form is not validated: at an id of another form there is nothing.
WORDS: Final[dict[str, dict[str, Any]]] = {
    "transaction_id": {
        "description": "The transaction's id.",
        "schema": {"type": "string", "pattern": ID_PATTERN},
        "example": "0b242abb623afc578575680df30655b9",
    },
    "card_number": {"example": "2703186189652095"},
    "card_id": {"description": "The card's id, as any answer about it has it."},
    "merchant_name": {"example": "rippin, KUB and mann"},
    "from": {"example": "2019-01-01T00:00:00Z"},
    "to": {"example": "2020-01-01T00:00:00Z"},
    "type": {"example": "purchase"},
    "category": {"schema": {"minLength": 1}, "example": "misc_net"},
    "currency": {"example": "USD"},
    "amount_min": {"example": 100},
    "amount_max": {"example": 50_000},
    "terminal_id": {"example": "T0000042"},
    "entry_mode": {"example": "contactless"},
    "order": {"description": "`desc` is newest first.", "example": "asc"},
    "fields": {"example": "transaction_id,occurred_at,amount_minor,currency,merchant.name"},
    # Whatever a header can carry: what is no tag matches none.
    "if-none-match": {
        "schema": {"pattern": r"^[\t\x20-\x7e\x80-\xff]*$"},
        "example": '"0123456789abcdef0123456789abcdef"',
    },
}
HEADERS: Final = {
    "ETag": response_headers.header(
        "A strong validator (RFC 9110, 8.8.3): of a transaction's answer, of a case its version.",
        '"0123456789abcdef0123456789abcdef"',
        pattern='^"(?:[0-9a-f]{32}|v[1-9][0-9]{0,8})"$',
        length_max=34,
    ),
    "X-Next-Cursor": response_headers.header(
        "With CSV alone, and only if there are more rows: the `cursor` of the next page.",
        "q83vASNFZ4mrze8BI0VniTIwMTk",
        pattern="^[A-Za-z0-9_-]+$",
        length_max=CURSOR_CHARS_MAX,
    ),
    "Link": response_headers.header(
        'With CSV alone: the next page as `<...>; rel="next"` (RFC 8288). Never holds a card number; absent where a '
        "card has ids under several key versions.",
        '</transactions?merchant_name=kub&cursor=q83vASNFZ4mrze8BI0VniTIwMTk>; rel="next"',
        length_max=8192,
    ),
}
_TABLE: Final = {
    "schema": {
        "type": "string",
        "format": "csv",
        "maxLength": 8_388_608,
        "description": "RFC 4180 with a header line. Columns are the fields in the order of the document, inner ones "
        "with a dot, and the number of conflicts. Text that a spreadsheet would take for a formula has an apostrophe "
        "in front.",
    },
    "examples": examples.references("Table"),
}


def _answer(description: str, whole: str, *told: str, shown: tuple[str, str] | None = None) -> dict[str, Any]:
    part = _PARTS[whole]
    either = {"anyOf": [{"$ref": REF + whole}, {"$ref": REF + part}]}
    shown_whole, shown_part = shown or (whole, part)
    document = {"schema": either, "examples": examples.references(shown_whole) | examples.references(shown_part)}
    return {
        "description": description,
        "headers": response_headers.own((*told, "Vary")),
        "content": {Form.JSON.value: document, Form.CSV.value: _TABLE},
    }


_ONE_PAGE: Final = f"One page, in the order asked for. {IN_WORDS}"
PAGE: Final = _answer(_ONE_PAGE, "TransactionList", "X-Next-Cursor")
PAGE_WITH_LINK: Final = _answer(_ONE_PAGE, "TransactionList", "X-Next-Cursor", "Link")
"""The answer of a list that has a URL for the next page."""
RELATED_PAGE: Final = _answer(
    _ONE_PAGE, "TransactionList", "X-Next-Cursor", "Link", shown=("RelatedList", "RelatedPartList")
)
ONE_TRANSACTION: Final = _answer("The transaction as it was first accepted.", "Transaction", "ETag")
NOT_MODIFIED: Final = {
    "description": "The client's copy is what would be answered.",
    "headers": response_headers.own(("ETag",)),
}


_SUM: Final = {
    "anyOf": [{"type": "integer", "format": "int64", "minimum": 0, "maximum": 2**53 - 1}, {"type": "null"}]
}
_OF_ONE: Final = (
    "Of one that is got by its id, with all fields, where the index keeps relations (else `related` says "
    "`relations_not_kept`)."
)
_RELATIONS: Final[dict[str, Any]] = {
    "refunded_minor": _SUM
    | {
        "description": "What its refunds in its own currency give back, in minor units, those included that a "
        f"reversal has taken back (get the refund to see that). `null` where more than {SUMMED_MAX} refunds and "
        "reversals refer to it (sum up `related`), and where they could not be read at the moment. "
        f"{_OF_ONE}"
    },
    "reversed_minor": _SUM | {"description": f"The same of its reversals. {_OF_ONE}"},
    "reversed": {
        "type": ["boolean", "null"],
        "description": "Whether its reversals in its own currency take it back whole; `null` where that is not "
        f"known. {_OF_ONE}",
    },
    "flags": {
        "type": "array",
        "maxItems": 4,
        "items": {"type": "string", "enum": [*get_args(Flag)]},
        "description": "What is odd about its refunds and reversals: together they give back more than its amount, "
        "or one of them has another currency, card or merchant. They are stored all the same; one of another "
        f"currency is in no sum. Where the sums are `null`, a flag that is absent says nothing. {_OF_ONE}",
    },
    "original_missing": {
        "type": "boolean",
        "description": "Of a refund or a reversal: whether its original is not there in this account, or not yet. "
        f"{_OF_ONE}",
    },
}


def complete(schemas: Schemas) -> Schemas:
    """The component schemas with what clients read: stored fields in their bounds, conflicts, and parts of them.

    In the answers to `fields` nothing is required.
    """
    made = dict(schemas)
    for part in _STORED_PARTS:
        made[f"Stored{part}"] = _as_sent(made[f"Stored{part}"], made[part])
    made["StoredCustomer"] = _with_rights(made["StoredCustomer"], PERSONAL["customer"])
    made["Transaction"] = _transaction(_as_sent(made["Transaction"], made["TransactionRequest"]))
    made["RangeParameters"] = described_properties(made["RangeParameters"], WORDS)
    for whole, name in _PARTS.items():
        part = made[name] = renamed(deepcopy(made[whole]), _PARTS)
        if name == "TransactionPart":
            part["properties"] = part["properties"] | {AMOUNT: _AMOUNT}
        if whole != "TransactionList":
            del part["required"]
            part["description"] = f"{part['description']} Only the members that were asked for by `fields`."
    return made


def _as_sent(stored: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """A stored object whose fields are bounded as the client's were.

    Events hold types alone, since rules may tighten and events may not; who reads them wants to know their sizes.
    """
    properties = {
        name: schema if _is_bounded(schema) else sent["properties"].get(name, schema)
        for name, schema in stored["properties"].items()
    }
    read = {name: _as_taken_once(_without_default(schema)) for name, schema in properties.items()}
    return stored | {"properties": read}


def _with_rights(part: dict[str, Any], personal: frozenset[str]) -> dict[str, Any]:
    """A part of a transaction some of whose fields only those see who have the scope for them."""
    said = "Left out of answers to a key without the scope `customer:read`."
    properties = {
        name: schema | {"description": said} if name in personal else schema
        for name, schema in part["properties"].items()
    }
    return part | {"properties": properties, "required": [name for name in part["required"] if name not in personal]}


def _as_taken_once(schema: dict[str, Any]) -> dict[str, Any]:
    """A stored field: texts of before may hold what is refused today."""
    if "anyOf" in schema:
        return schema | {"anyOf": [_as_taken_once(option) for option in schema["anyOf"]]}
    return schema | {"pattern": CONTROL_FREE_PATTERN} if schema.get("pattern") == TEXT_PATTERN else schema


def _is_bounded(schema: dict[str, Any]) -> bool:
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    # The lake's columns bound a stored integer, which is no bound to size a field by.
    return all(_BOUNDS & set(option) and option.get("type") != "integer" for option in options)


def _without_default(schema: dict[str, Any]) -> dict[str, Any]:
    return {word: value for word, value in schema.items() if word != "default"}


def _transaction(event: dict[str, Any]) -> dict[str, Any]:
    """The document that clients read: the event without its schema version, with its conflicts."""
    properties = {name: schema for name, schema in event["properties"].items() if name != "schema"}
    conflicts = {
        "type": "array",
        "maxItems": 1000,
        "items": {"$ref": REF + "Conflict"},
        "description": "Later acknowledgements of the same id whose content contradicts this one.",
    }
    risk = {
        "anyOf": [{"$ref": REF + "Risk"}, {"type": "null"}],
        "description": "Of one that is got by its id, with all fields; `null` until it is scored, about a second.",
    }
    return event | {
        "description": "A transaction as it was first accepted.",
        "properties": properties | {"conflicts": conflicts, "risk": risk} | _RELATIONS,
        "required": [*(name for name in event["required"] if name != "schema"), "conflicts"],
    }
