"""The OpenAPI document: FastAPI's account of the routes, completed with what the raw bodies and answers hold."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from txn_api.openapi_reads import with_parts
from txn_api.problems import (
    MEDIA_TYPE,
    ApiKeyInvalid,
    ApiKeyMissing,
    CardNumberMisplaced,
    InternalError,
    Overloaded,
    ParameterInvalid,
    Problem,
    ScopeMissing,
    StoreUnavailable,
)
from txn_api.schemas import PROBLEM_NAME, SHAPES, ProblemShape, example_transaction
from txn_core.event import Event
from txn_core.transaction import TransactionRequest

API_VERSION: Final = "0.1.0"
_REF: Final = "#/components/schemas/"
_DESCRIPTION: Final = """\
The front door for card transactions. A 202 means that the transaction is durably on the stream, and only that.
Retrying with the same `transaction_id` is always safe: one id is one transaction. Errors are RFC 9457 problems
with a stable `code`, and never repeat a value that was sent."""
_ALWAYS: Final[tuple[type[Problem], ...]] = (
    ApiKeyMissing,
    ApiKeyInvalid,
    ScopeMissing,
    ParameterInvalid,
    CardNumberMisplaced,
    InternalError,
    Overloaded,
    StoreUnavailable,  # the table of API keys
)
_OPEN: Final = frozenset({"/healthz", "/readyz", "/metrics"})


def answer(schema: str, description: str, media_type: str = "application/json") -> dict[str, Any]:
    """A response whose body is one of the component schemas."""
    return {"description": description, "content": {media_type: {"schema": {"$ref": _REF + schema}}}}


def request_body(schema: str, media_type: str = "application/json") -> dict[str, Any]:
    """A request body that the route reads itself."""
    return {"requestBody": {"required": True, "content": {media_type: {"schema": {"$ref": _REF + schema}}}}}


def problems(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """The responses for these problems and for those that any call may end in, one a status, all with examples."""
    by_status: dict[int | str, list[type[Problem]]] = {}
    for kind in dict.fromkeys((*kinds, *_ALWAYS)):
        by_status.setdefault(kind.status, []).append(kind)
    return {
        status: {
            "description": "; ".join(kind.title for kind in group) + ".",
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": _REF + PROBLEM_NAME},
                    "examples": {kind.code: {"value": _example(kind)} for kind in group},
                }
            },
        }
        for status, group in sorted(by_status.items(), key=lambda entry: str(entry[0]))
    }


def install(app: FastAPI, *models: type[BaseModel]) -> None:
    """Make the application answer with the completed document; `models` are the request bodies of its routes."""
    app.openapi = _once(lambda: _document(app, models))  # type: ignore[method-assign]


def _once(make: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    made: list[dict[str, Any]] = []

    def document() -> dict[str, Any]:
        if not made:
            made.append(make())
        return made[0]

    return document


def _document(app: FastAPI, models: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    document = get_openapi(
        title="txn-api",
        version=API_VERSION,
        openapi_version="3.1.0",
        summary="Card transactions in, durably; card transactions out, by card, merchant and id.",
        description=_DESCRIPTION,
        routes=app.routes,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        tags=[
            {"name": "transactions", "description": "Send and look up transactions."},
            {"name": "merchants", "description": "Canonical merchant names."},
            {"name": "operations", "description": "Health and metrics."},
        ],
        servers=[{"url": "http://127.0.0.1:8080", "description": "The local stack"}],
    )
    components = document.setdefault("components", {})
    components["schemas"] = _schemas(models)
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API key."},
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key."},
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            # Unknown parameters and mistyped ones are problems of ours, not FastAPI's.
            if "HTTPValidationError" in str(operation["responses"].get("422", "")):
                del operation["responses"]["422"]
            operation["security"] = [] if path in _OPEN else [{"bearer": []}, {"apiKey": []}]
    return document


def _schemas(models: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    kinds: tuple[type[BaseModel], ...] = (TransactionRequest, Event, ProblemShape, *SHAPES, *models)
    _, generated = models_json_schema([(kind, "validation") for kind in kinds], ref_template=_REF + "{model}")
    schemas: dict[str, Any] = generated["$defs"]
    schemas["TransactionRequest"]["examples"] = [example_transaction()]
    schemas[PROBLEM_NAME] = schemas.pop("ProblemShape") | {"title": PROBLEM_NAME}
    schemas["Transaction"] = _transaction(schemas.pop("Event"))
    schemas["TransactionList"] = {
        "title": "TransactionList",
        "type": "object",
        "description": "One page of transactions.",
        "additionalProperties": False,
        "required": ["data", "has_more", "next_cursor"],
        "properties": {
            "data": {"type": "array", "maxItems": 1000, "items": {"$ref": _REF + "Transaction"}},
            "has_more": {"type": "boolean"},
            "next_cursor": {"anyOf": [{"type": "string", "maxLength": 1024}, {"type": "null"}]},
        },
    }
    text = _replaced(with_parts(schemas), _REF + "ProblemShape", _REF + PROBLEM_NAME)
    assert isinstance(text, dict)  # noqa: S101 - a mapping stays one
    return dict(sorted(text.items()))


def _transaction(event: dict[str, Any]) -> dict[str, Any]:
    """The document that clients read: the event without its schema version, with its conflicts."""
    properties = {name: schema for name, schema in event["properties"].items() if name != "schema"}
    conflicts = {"type": "array", "maxItems": 1000, "items": {"$ref": _REF + "Conflict"}}
    return event | {
        "title": "Transaction",
        "description": "A transaction as it was first accepted.",
        "properties": properties | {"conflicts": conflicts},
        "required": [*(name for name in event["required"] if name != "schema"), "conflicts"],
    }


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(inner, old, new) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, old, new) for inner in value]
    return new if value == old else value


def _example(kind: type[Problem]) -> dict[str, object]:
    made: Problem = kind()
    return made.document("req_0123456789abcdef")
