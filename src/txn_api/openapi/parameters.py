"""Parameters as clients see them: described and bounded, each with an example."""

from typing import Any, Final

from txn_api.openapi.bounds import bounded, without_null
from txn_core.transactions.faults import ID_PATTERN

# What is worth saying of a parameter beyond what its model says. A cursor's form and an id's are not validated one by
# one: a cursor of another form was not made here, and at an id of another form there is nothing.
_WORDS: Final[dict[str, dict[str, Any]]] = {
    "transaction_id": {
        "description": "The transaction's id.",
        "schema": {"type": "string", "pattern": ID_PATTERN},
        "example": "0b242abb623afc578575680df30655b9",
    },
    "cursor": {
        "description": "`next_cursor` of the page before; good for the very same query only.",
        "schema": {"minLength": 1, "pattern": "^[A-Za-z0-9_-]+$"},
    },
    "account": {"example": "acme"},
    "card_number": {"example": "2703186189652095"},
    "card_id": {"description": "The card's id, as any answer about it has it."},
    "merchant_name": {"example": "rippin, KUB and mann"},
    "name_prefix": {"example": "rippin"},
    "from": {"example": "2019-01-01T00:00:00Z"},
    "to": {"example": "2020-01-01T00:00:00Z"},
    "order": {"description": "`desc` is newest first.", "example": "asc"},
    "limit": {"description": "Most rows of a page.", "example": 10},
    "results": {"example": "rejected"},
    "fields": {"example": "transaction_id,occurred_at,amount_minor,currency,merchant.name"},
    # Whatever a header can carry: what is no tag matches none.
    "if-none-match": {
        "schema": {"pattern": r"^[\t\x20-\x7e\x80-\xff]*$"},
        "example": '"0123456789abcdef0123456789abcdef"',
    },
}


def described(parameter: dict[str, Any]) -> dict[str, Any]:
    """One parameter of an operation, in its final form."""
    words = _WORDS.get(parameter["name"], {})
    schema = bounded(without_null(parameter["schema"]) | words.get("schema", {}))
    description = words.get("description") or parameter.get("description") or schema.get("description", "")
    schema.pop("description", None)
    about = {"description": description} if description else {}
    example = {"example": words["example"]} if "example" in words else {}
    return {**parameter, **about, "schema": schema, **example}


def described_properties(schema: dict[str, Any]) -> dict[str, Any]:
    """The same of the members of a body that asks what parameters ask."""
    return schema | {
        "properties": {name: _described_property(name, inner) for name, inner in schema["properties"].items()}
    }


def _described_property(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    words = _WORDS.get(name, {})
    options = schema.get("anyOf")
    if options and "schema" in words:
        schema = schema | {"anyOf": [_narrowed(option, words["schema"]) for option in options]}
    return ({"description": words["description"]} if "description" in words else {}) | schema


def _narrowed(option: dict[str, Any], words: dict[str, Any]) -> dict[str, Any]:
    return option if option.get("type") == "null" else option | words
