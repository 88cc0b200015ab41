"""How the document describes what the look-ups answer: JSON or CSV, whole transactions or some of their fields."""

from copy import deepcopy
from typing import Any, Final

from txn_api.openapi import examples, response_headers
from txn_api.openapi.operations import REF
from txn_api.reads.negotiation import Form

_PARTS: Final = ("StoredMerchant", "StoredCustomer", "StoredTerminal", "Transaction", "TransactionList")
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


def page_of_transactions(*, linked: bool = True) -> dict[str, Any]:
    """The answer of a list; `linked` when there is a URL for the next page."""
    told = ("X-Next-Cursor", "Link") if linked else ("X-Next-Cursor",)
    return _answer("One page, in the order asked for.", "TransactionList", "TransactionPartList", told)


def one_transaction() -> dict[str, Any]:
    """The answer of a look-up by id."""
    return _answer("The transaction as it was first accepted.", "Transaction", "TransactionPart", ("ETag",))


def not_modified() -> dict[str, Any]:
    """The answer to a client that has it already."""
    return {
        "description": "The client's copy is what would be answered.",
        "headers": response_headers.references(("ETag",)),
    }


def with_parts(schemas: dict[str, Any]) -> dict[str, Any]:
    """The schemas together with those of answers to `fields`, in which nothing is required."""
    made = {}
    for name in _PARTS:
        part: dict[str, Any] = _referring_to_parts(deepcopy(schemas[name]))
        if name != "TransactionList":
            del part["required"]
            part["description"] = f"{part['description']} Only the members that were asked for by `fields`."
        made[_part_of(name)] = part
    return schemas | made


def _part_of(name: str) -> str:
    return "TransactionPartList" if name == "TransactionList" else f"{name}Part"


def _answer(description: str, whole: str, part: str, told: tuple[str, ...]) -> dict[str, Any]:
    either = {"anyOf": [{"$ref": REF + whole}, {"$ref": REF + part}]}
    document = {"schema": either, "examples": examples.references(whole) | examples.references(part)}
    return {
        "description": description,
        "headers": response_headers.references((*told, "Vary")),
        "content": {Form.JSON.value: document, Form.CSV.value: _TABLE},
    }


def _referring_to_parts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _referring_to_parts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_referring_to_parts(inner) for inner in value]
    if isinstance(value, str) and value.removeprefix(REF) in _PARTS and value.startswith(REF):
        return REF + _part_of(value.removeprefix(REF))
    return value
