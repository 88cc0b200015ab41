"""An example of each body, answer and problem. They tell one story: the transaction of the request example."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from txn_api.problems import PROBLEMS, Problem
from txn_api.schemas import example_transaction
from txn_core.transactions.faults import Fault

REF: Final = "#/components/examples/"
REQUEST_ID: Final = "req_0123456789abcdef"

_REQUEST: Final = example_transaction()
_IDS: Final = {
    "card_id": "card_1_2de66a60894b5631ccd6ee4e2a46a67b",
    "customer_id": "cus_20261907203b201c2c4e48140f8dd3d6",
    "merchant_id": "mer_c9b186bf878f4c3a1c5085d37391ead4",
}
_ACCEPTED_AT: Final = "2026-01-02T03:04:05.678901Z"
_PLACE: Final = {
    "shard_id": "shardId-000000000000",
    "sequence_number": "49590338271490256608559692538361571095921575989136588898",
}
_ACCEPTED: Final = {
    "transaction_id": _REQUEST["transaction_id"],
    **_IDS,
    "status": "accepted",
    "accepted_at": _ACCEPTED_AT,
    **_PLACE,
}
_MINIMAL: Final = {
    **{name: _REQUEST[name] for name in ("transaction_id", "card_number", "amount_minor", "currency", "occurred_at")},
    "merchant": {"name": _REQUEST["merchant"]["name"]},
}
_REFUND: Final = {
    **_MINIMAL,
    "transaction_id": "refund-of-0b242abb623afc57",
    "type": "refund",
    "original_transaction_id": _REQUEST["transaction_id"],
}
_TRANSACTION: Final = {
    "transaction_id": _REQUEST["transaction_id"],
    "account": "acme",
    "card_id": _IDS["card_id"],
    "card_masked": "270318******2095",
    "customer_id": _IDS["customer_id"],
    "merchant_id": _IDS["merchant_id"],
    "accepted_at": _ACCEPTED_AT,
    **{name: value for name, value in _REQUEST.items() if name not in {"transaction_id", "card_number"}},
    "occurred_at": "2019-01-01T00:00:18.000000Z",
    "conflicts": [],
}
_PART: Final = {"transaction_id": _REQUEST["transaction_id"], "amount_minor": 497, "merchant": {"name": "Kub, Mann"}}
_CONFLICT: Final = {"accepted_at": "2026-01-02T03:05:00.000000Z", **_PLACE, "sub_sequence_number": 0}
_CURSOR: Final = "q83vASNFZ4mrze8BI0VniTIwMTktMDEtMDFUMDA6MDA6MTguMDAwMDAwWiMwYjI0MmFiYg"
_TOTALS: Final = {
    "receipt_id": "rcp_0123456789abcdef0123456789abcdef",
    "read": 2,
    "accepted": 1,
    "rejected": 1,
    "unknown": 0,
    "ended": "complete",
}
# What a problem of this code lists, where it lists anything.
_FAULTS: Final[dict[str, tuple[Fault, ...]]] = {
    "validation_failed": (
        Fault("/card_number", "card_number_luhn"),
        Fault("/amount_minor", "integer_required"),
    ),
    "parameter_invalid": (Fault("/limit", "number_out_of_range"),),
    "card_number_misplaced": (Fault("/customer/job", "card_number_misplaced"),),
    "range_reversed": (Fault("/from", "range_reversed"),),
    "cursor_invalid": (Fault("/cursor", "invalid_value"),),
}


def problem(kind: type[Problem]) -> dict[str, Any]:
    """A problem as a client may get it."""
    made: Problem = kind()
    made.faults = made.faults or _FAULTS.get(kind.code, ())
    return made.document(REQUEST_ID)


def _lines(*documents: dict[str, Any]) -> str:
    return "".join(json.dumps(document, separators=(",", ":")) + "\n" for document in documents)


def _rejected() -> dict[str, Any]:
    (validation_failed,) = (kind for kind in PROBLEMS if kind.code == "validation_failed")
    return {"line": 2, "problem": problem(validation_failed)}


# By the schema (for lines: the schema of a line and `Lines`) and by a name of what it shows.
_EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "TransactionRequest": {"complete": _REQUEST, "minimal": _MINIMAL, "refund": _REFUND},
    "RangeParameters": {
        "card": {"card_number": _REQUEST["card_number"], "from": "2019-01-01T00:00:00Z", "limit": 10},
        "merchant": {"merchant_name": "rippin, KUB and mann", "order": "asc"},
    },
    "TransactionRequestLines": {"two_lines": _lines(_MINIMAL, _REFUND)},
    "Accepted": {"accepted": _ACCEPTED},
    "BulkLines": {"one_rejected": _lines(_rejected(), _TOTALS)},
    "Transaction": {"accepted": _TRANSACTION, "contradicted": _TRANSACTION | {"conflicts": [_CONFLICT]}},
    "TransactionList": {
        "last_page": {"data": [_TRANSACTION], "has_more": False, "next_cursor": None},
        "first_page": {"data": [_TRANSACTION], "has_more": True, "next_cursor": _CURSOR},
    },
    "TransactionPart": {"some_fields": _PART},
    "TransactionPartList": {"some_fields_of_each": {"data": [_PART], "has_more": False, "next_cursor": None}},
    "Table": {
        "some_columns": '"transaction_id","amount_minor","merchant.name"\r\n"my-transaction",497,"Kub, Mann"\r\n'
    },
    "MerchantList": {
        "last_page": {
            "data": [{"merchant_id": _IDS["merchant_id"], "name": _REQUEST["merchant"]["name"]}],
            "has_more": False,
            "next_cursor": None,
        }
    },
    "Health": {"alive": {"status": "ok"}},
    "Readiness": {
        "ready": {"status": "ready", "checks": {"kinesis": "ok", "dynamodb": "ok"}},
        "not_ready": {"status": "not_ready", "checks": {"kinesis": "ok", "dynamodb": "unavailable"}},
    },
    "Metrics": {
        "one_family": (
            "# HELP txn_http_requests_in_flight Requests being answered\n"
            "# TYPE txn_http_requests_in_flight gauge\n"
            "txn_http_requests_in_flight 1.0\n"
        )
    },
}


def references(schema: str, only: tuple[str, ...] = ()) -> dict[str, Any]:
    """References to the examples of a schema, all or some."""
    return {name: {"$ref": REF + _name_of(schema, name)} for name in only or _EXAMPLES[schema]}


def components(paths: Mapping[str, Any]) -> dict[str, Any]:
    """The examples that some operation shows (what is wrong with a path is none's), as the document's components."""
    shown = set(_references(paths))
    return {name: {"summary": summary, "value": value} for name, summary, value in _all() if REF + name in shown}


def _references(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for word, inner in value.items():
            yield from [str(inner)] if word == "$ref" else _references(inner)


def _name_of(schema: str, shown: str) -> str:
    """The name of a component: what an example shows of a schema."""
    return f"{schema}.{shown}"


def _all() -> Iterator[tuple[str, str, Any]]:
    for schema, named in _EXAMPLES.items():
        for name, value in named.items():
            yield _name_of(schema, name), name.replace("_", " ").capitalize(), value
    for kind in PROBLEMS:
        yield kind.code, kind.title, problem(kind)
