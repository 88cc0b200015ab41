"""The component schemas: what clients send, from the models that check it; what they get, from its shapes."""

from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from txn_api.openapi.bounds import bounded
from txn_api.openapi.lookups import with_parts
from txn_api.openapi.operations import REF
from txn_api.schemas import PROBLEM_NAME, SHAPES, ProblemShape, example_transaction
from txn_core.transactions.event import Event
from txn_core.transactions.faults import CONTROL_FREE_PATTERN, TEXT_PATTERN
from txn_core.transactions.transaction import TransactionRequest

# What a client sends as one part, and the same part as it is stored and read.
_STORED_PARTS: Final = {"Merchant": "EventMerchant", "Customer": "EventCustomer", "Terminal": "EventTerminal"}
_NAMES: Final = {
    "ProblemShape": PROBLEM_NAME,
    "FaultShape": "Fault",
    **{stored: f"Stored{part}" for part, stored in _STORED_PARTS.items()},
}
_BOUNDS: Final = frozenset({"pattern", "maxLength", "enum", "maximum", "$ref"})


def schemas(models: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    """Every schema of the document by its name; `models` are the bodies and parameters of the routes."""
    kinds: tuple[type[BaseModel], ...] = (TransactionRequest, Event, ProblemShape, *SHAPES, *models)
    _, generated = models_json_schema([(kind, "validation") for kind in kinds], ref_template=REF + "{model}")
    found: dict[str, Any] = {name: bounded(schema) for name, schema in generated["$defs"].items()}
    for part, stored in _STORED_PARTS.items():
        found[stored] = _as_sent(found[stored], found[part])
    found["TransactionRequest"]["examples"] = [example_transaction()]
    found["Transaction"] = _transaction(_as_sent(found.pop("Event"), found["TransactionRequest"]))
    found["TransactionList"] = _list_like(found["MerchantList"], "Transaction", "One page of transactions.")
    renamed = {_NAMES.get(name, name): _renamed(schema) for name, schema in found.items()}
    return {name: {"title": name, **schema} for name, schema in sorted(with_parts(renamed).items())}


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
    return event | {
        "description": "A transaction as it was first accepted.",
        "properties": properties | {"conflicts": conflicts},
        "required": [*(name for name in event["required"] if name != "schema"), "conflicts"],
    }


def _list_like(page: dict[str, Any], item: str, description: str) -> dict[str, Any]:
    data = page["properties"]["data"] | {"items": {"$ref": REF + item}}
    return page | {"description": description, "properties": page["properties"] | {"data": data}}


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner) for inner in value]
    if isinstance(value, str) and value.startswith(REF):
        name = value.removeprefix(REF)
        return REF + _NAMES.get(name, name)
    return value
