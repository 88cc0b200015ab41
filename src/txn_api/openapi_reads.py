"""How the document describes what the look-ups answer: JSON or CSV, whole transactions or some of their fields."""

from copy import deepcopy
from typing import Any, Final

from txn_api.cursors import CURSOR_CHARS_MAX
from txn_api.negotiation import Form

_REF: Final = "#/components/schemas/"
_PARTS: Final = ("EventMerchant", "EventCustomer", "EventTerminal")
_TAG: Final = {
    "description": "A strong validator of this very answer.",
    "schema": {"type": "string", "pattern": '^"[0-9a-f]{32}"$', "maxLength": 34},
}
_NEXT_CURSOR: Final = {
    "description": "With CSV alone, and only if there are more rows: the `cursor` of the next page.",
    "schema": {"type": "string", "maxLength": CURSOR_CHARS_MAX},
}
_LINK: Final = {
    "description": 'With CSV alone: the next page as `<...>; rel="next"` (RFC 8288). Never holds a card number; '
    "absent where a card has ids under several key versions.",
    "schema": {"type": "string", "maxLength": 8192},
}
_TABLE: Final = {
    "schema": {
        "type": "string",
        "maxLength": 8_388_608,
        "description": "RFC 4180 with a header line. Columns are the fields in the order of the document, inner ones "
        "with a dot, and the number of conflicts. Text that a spreadsheet would take for a formula has an apostrophe "
        "in front.",
    },
    "example": '"transaction_id","amount_minor","merchant.name"\r\n"my-transaction",497,"Kub, Mann"\r\n',
}


def page_of_transactions(*, linked: bool = True) -> dict[str, Any]:
    """The answer of a list; `linked` when there is a URL for the next page."""
    headers = {"X-Next-Cursor": _NEXT_CURSOR} | ({"Link": _LINK} if linked else {})
    return _answer("One page, in the order asked for.", "TransactionList", "TransactionPartList") | {
        "headers": headers
    }


def one_transaction() -> dict[str, Any]:
    """The answer of a look-up by id."""
    answer = _answer("The transaction as it was first accepted.", "Transaction", "TransactionPart")
    return answer | {"headers": {"ETag": _TAG}}


def not_modified() -> dict[str, Any]:
    """The answer to a client that has it already."""
    return {"description": "The client's copy is what would be answered.", "headers": {"ETag": _TAG}}


def with_parts(schemas: dict[str, Any]) -> dict[str, Any]:
    """The schemas together with those of answers to `fields`, in which nothing is required."""
    parts = {f"{name}Part": schemas[name] for name in _PARTS} | {
        "TransactionPart": schemas["Transaction"],
        "TransactionPartList": schemas["TransactionList"],
    }
    made = {}
    for name, whole in parts.items():
        part = _referring_to_parts(deepcopy(whole), parts)
        part["title"] = name
        if name != "TransactionPartList":
            del part["required"]
            part["description"] = f"{part['description']} Only the members that were asked for by `fields`."
        made[name] = part
    return schemas | made


def _answer(description: str, whole: str, part: str) -> dict[str, Any]:
    either = {"anyOf": [{"$ref": _REF + whole}, {"$ref": _REF + part}]}
    return {"description": description, "content": {Form.JSON.value: {"schema": either}, Form.CSV.value: _TABLE}}


def _referring_to_parts(value: Any, parts: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _referring_to_parts(inner, parts) for key, inner in value.items()}
    if isinstance(value, list):
        return [_referring_to_parts(inner, parts) for inner in value]
    is_reference = isinstance(value, str) and value.startswith(_REF) and f"{value.removeprefix(_REF)}Part" in parts
    return f"{value}Part" if is_reference else value
