"""Parameters as clients see them: described and bounded, each with an example."""

from collections.abc import Mapping
from typing import Any, Final

from txn_api.openapi.bounds import bounded, without_null

Words = Mapping[str, Mapping[str, Any]]
"""By the name of a parameter: what to say of it beyond what its model says."""

# Of all lists. A cursor's form is not validated: one of another form was not made here.
_OF_ALL: Final[Words] = {
    "cursor": {
        "description": "`next_cursor` of the page before; good for the very same query only.",
        "schema": {"minLength": 1, "pattern": "^[A-Za-z0-9_-]+$"},
    },
    "account": {"example": "acme"},
    "limit": {"description": "Most rows of a page.", "example": 10},
}


def described(parameter: dict[str, Any], words_of: Words) -> dict[str, Any]:
    """One parameter of an operation, in its final form."""
    words = _words(parameter["name"], words_of)
    schema = bounded({**without_null(parameter["schema"]), **words.get("schema", {})})
    description = words.get("description") or parameter.get("description") or schema.get("description", "")
    schema.pop("description", None)
    about = {"description": description} if description else {}
    example = {"example": words["example"]} if "example" in words else {}
    return {**parameter, **about, "schema": schema, **example}


def described_properties(schema: dict[str, Any], words_of: Words) -> dict[str, Any]:
    """The same of the members of a body that asks what parameters ask."""
    return schema | {
        "properties": {
            name: _described_property(inner, _words(name, words_of)) for name, inner in schema["properties"].items()
        }
    }


def _words(name: str, words_of: Words) -> Mapping[str, Any]:
    return words_of.get(name) or _OF_ALL.get(name, {})


def _described_property(schema: dict[str, Any], words: Mapping[str, Any]) -> dict[str, Any]:
    options = schema.get("anyOf")
    if options and "schema" in words:
        schema = schema | {"anyOf": [o if o.get("type") == "null" else {**o, **words["schema"]} for o in options]}
    return ({"description": words["description"]} if "description" in words else {}) | schema
