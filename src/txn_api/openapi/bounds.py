"""Schemas as generators love them: every string, number and list bounded, and no words that only repeat a name.

What pydantic writes is true, but leaves bounds unsaid that follow from a pattern or a type.
"""

from collections.abc import Mapping
from typing import Any, Final

from txn_core.card_numbers.pan import LENGTH_MAX, LENGTH_MIN, MASK_PATTERN
from txn_core.transactions.faults import (
    ACQUIRER_ID_PATTERN,
    AUTHORIZATION_CODE_PATTERN,
    CARD_ACCEPTOR_ID_PATTERN,
    COUNTRY_PATTERN,
    ID_PATTERN,
    MCC_PATTERN,
    RETRIEVAL_REFERENCE_PATTERN,
    TERMINAL_ID_PATTERN,
    TRACE_NUMBER_PATTERN,
)
from txn_core.transactions.identity import (
    ACCOUNT_PATTERN,
    ALERT_ID_PATTERN,
    CARD_ID_PATTERN,
    CASE_ID_PATTERN,
    CUSTOMER_ID_PATTERN,
    MERCHANT_ID_PATTERN,
)
from txn_core.transactions.instants import INSTANT_PATTERN

INTEGER_MAX: Final = 2**53 - 1  # what a JSON number holds exactly wherever it is read (RFC 8259, 6)
_LENGTHS: Final[dict[str, tuple[int, int]]] = {
    ID_PATTERN: (6, 64),
    TERMINAL_ID_PATTERN: (1, 32),
    ACCOUNT_PATTERN: (1, 64),
    CARD_ID_PATTERN: (39, 42),
    CUSTOMER_ID_PATTERN: (36, 36),
    MERCHANT_ID_PATTERN: (36, 36),
    ALERT_ID_PATTERN: (36, 36),
    CASE_ID_PATTERN: (36, 36),
    INSTANT_PATTERN: (27, 27),
    MASK_PATTERN: (LENGTH_MIN, LENGTH_MAX),
    "^[A-Z]{3}$": (3, 3),
    COUNTRY_PATTERN: (2, 2),
    MCC_PATTERN: (4, 4),
    AUTHORIZATION_CODE_PATTERN: (6, 6),
    RETRIEVAL_REFERENCE_PATTERN: (12, 12),
    TRACE_NUMBER_PATTERN: (6, 6),
    ACQUIRER_ID_PATTERN: (1, 11),
    CARD_ACCEPTOR_ID_PATTERN: (1, 15),
}
_LENGTH_OF_FORMAT: Final = {"date": 10, "date-time": 35}


def bounded(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with what its patterns, formats and types say of its bounds, and so for all inside."""
    # Without titles made of names, and a default that says no more than that the field may be left out.
    made = {
        word: _inside(word, value)
        for word, value in schema.items()
        if word != "title" and (word, value) != ("default", None)
    }
    kind = made.get("type")
    if kind == "string":
        return _bounded_string(made)
    if kind == "integer":
        return _bounded_integer(made)
    return made | {"format": "double"} if kind == "number" else made


def without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a schema says of a value that is there: a parameter in a URL cannot be null."""
    options: list[dict[str, Any]] = [o for o in schema.get("anyOf", []) if o.get("type") != "null"]
    if len(options) != 1:
        return dict(schema)
    return options[0] | {word: value for word, value in schema.items() if word != "anyOf"}


def _inside(word: str, value: Any) -> Any:
    if word in {"properties", "$defs"}:
        return {name: bounded(inner) for name, inner in value.items()}
    if word in {"anyOf", "oneOf", "allOf"}:
        return [bounded(inner) for inner in value]
    return bounded(value) if word in {"items", "additionalProperties"} and isinstance(value, Mapping) else value


def _bounded_string(schema: dict[str, Any]) -> dict[str, Any]:
    pattern = schema.get("pattern", "")
    if pattern == INSTANT_PATTERN:
        schema = {"type": "string", "format": "date-time", **schema}
    if pattern in _LENGTHS:
        shortest, longest = _LENGTHS[pattern]
        return {"minLength": shortest, "maxLength": longest, **schema}
    if schema.get("format") in _LENGTH_OF_FORMAT:
        return {"maxLength": _LENGTH_OF_FORMAT[schema["format"]], **schema}
    return schema


def _bounded_integer(schema: dict[str, Any]) -> dict[str, Any]:
    limits = {"minimum": schema.get("minimum", 0), "maximum": min(schema.get("maximum", INTEGER_MAX), INTEGER_MAX)}
    return schema | limits | {"format": "int32" if limits["maximum"] < 2**31 else "int64"}
