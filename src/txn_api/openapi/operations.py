"""What a route says of itself: its body, its answers, its problems and the scopes that it needs."""

from collections.abc import Mapping
from typing import Any, Final

from txn_api.openapi import examples, response_headers
from txn_api.problems import (
    MEDIA_TYPE,
    ApiKeyInvalid,
    ApiKeyMissing,
    InternalError,
    Overloaded,
    ParameterInvalid,
    Problem,
    RateLimited,
    ScopeMissing,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
    SignatureReplayed,
    StoreUnavailable,
    TokenInvalid,
    TooManyConcurrent,
    UriTooLong,
)
from txn_api.schemas import PROBLEM_NAME
from txn_core.api_keys import Scope

REF: Final = "#/components/schemas/"
NDJSON: Final = "application/x-ndjson"
SECURITY: Final = "security"
SIGNATURE: Final = "signature"
Responses = dict[int | str, dict[str, Any]]

# The edge and the machinery itself answer these, whatever the operation.
_OF_OPEN: Final[tuple[type[Problem], ...]] = (ParameterInvalid, UriTooLong, InternalError)
_OF_GUARDED: Final[tuple[type[Problem], ...]] = (
    ApiKeyMissing,
    ApiKeyInvalid,
    TokenInvalid,
    SignatureMissing,
    SignatureInvalid,
    SignatureExpired,
    SignatureReplayed,
    ScopeMissing,
    RateLimited,
    TooManyConcurrent,
    *_OF_OPEN,
    Overloaded,
    StoreUnavailable,  # the table of API keys
)


def needs(*scopes: Scope) -> dict[str, Any]:
    """The scopes that a key must have for the call; for `openapi_extra`.

    Either way of presenting it will do, and a key for signed requests needs a signature besides.
    OpenAPI 3.1 takes role names with any scheme. What holds the call to them is `auth.requires`; a test proves that
    both say the same.
    """
    credentials: list[dict[str, list[str]]] = [{scheme: list(scopes)} for scheme in ("bearer", "apiKey")]
    return {SECURITY: [*credentials, *({**credential, SIGNATURE: []} for credential in credentials)]}


def open_unless_configured(*scopes: Scope) -> dict[str, Any]:
    """A call without a key, unless the settings have it need these scopes; for `openapi_extra`."""
    return {SECURITY: [{}, *needs(*scopes)[SECURITY]]}


def open_to_all() -> dict[str, Any]:
    """A call without a key; for `openapi_extra`. An operation that says neither this nor `needs` is an error."""
    return {SECURITY: []}


def answer(
    schema: str,
    description: str,
    *,
    own_headers: tuple[str, ...] = (),
    links: Mapping[str, Any] | None = None,
    only: tuple[str, ...] = (),
) -> dict[str, Any]:
    """A response whose body is one of the component schemas, with that schema's examples (or `only` some of them).

    `own_headers` are those that the resource hands in.
    """
    content = {"schema": {"$ref": REF + schema}, "examples": examples.references(schema, only)}
    described = {"description": description, "content": {"application/json": content}}
    if own_headers:
        described["headers"] = response_headers.own(own_headers)
    return described | ({"links": dict(links)} if links else {})


def text_answer(example: str, description: str) -> dict[str, Any]:
    """A response of plain text, which has examples of that name."""
    schema = {"type": "string", "format": "prometheus-text", "maxLength": 2**24}
    return {
        "description": description,
        "content": {"text/plain": {"schema": schema, "examples": examples.references(example)}},
    }


def stream_answer(media_type: str, example: str, description: str) -> dict[str, Any]:
    """A response of text without an end, which has examples of that name."""
    schema = {"type": "string", "format": "event-stream", "maxLength": 2**40}
    return {
        "description": description,
        "content": {media_type: {"schema": schema, "examples": examples.references(example)}},
    }


def request_body(schema: str) -> dict[str, Any]:
    """A JSON body that the route reads itself; for `openapi_extra`."""
    content = {"schema": {"$ref": REF + schema}, "examples": examples.references(schema)}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def lines_body(schema: str, *, bytes_max: int, table: bool = False) -> dict[str, Any]:
    """A body of one document a line; for `openapi_extra`. An empty one has no lines, and is none the worse for it.

    It may be sent as octets as well: few tools know NDJSON. The examples stand there alone, since a tool that tries
    out examples fails on those that it cannot send. A call may take a `table` of rows as well.
    """
    lines = {"schema": _lines(bytes_max, schema)}
    octets = lines | {"examples": examples.references(f"{schema}Lines")}
    content = {NDJSON: lines, "application/octet-stream": octets}
    if table:
        rows = {"type": "string", "format": "csv", "maxLength": bytes_max}
        content["text/csv"] = {"schema": rows, "examples": examples.references(f"{schema}Table")}
    return {"requestBody": {"required": False, "content": content}}


def lines_answer(example: str, description: str, *schemas: str) -> dict[str, Any]:
    """A response of one document a line, each of one of these schemas, which has examples of that name."""
    content = {"schema": _lines(2**40, *schemas), "examples": examples.references(example)}
    return {"description": description, "content": {NDJSON: content}}


def _lines(bytes_max: int, *schemas: str) -> dict[str, Any]:
    """Text: OpenAPI 3.1 has no word for a sequence of documents. Its content is modelled as in 3.2, as a list."""
    items: list[dict[str, Any]] = [{"$ref": REF + schema} for schema in schemas]
    return {
        "type": "string",
        "format": "binary",
        "maxLength": bytes_max,
        "contentMediaType": NDJSON,
        "contentSchema": {
            "type": "array",
            "maxItems": bytes_max // 2,
            "items": items[0] if len(items) == 1 else {"anyOf": items},
        },
    }


def problems(*kinds: type[Problem]) -> Responses:
    """The responses for these problems and for those that any guarded call may end in."""
    return _by_status(*kinds, *_OF_GUARDED)


def problems_of_open(*kinds: type[Problem]) -> Responses:
    """The responses for these problems and for those that a call may end in that needs no key."""
    return _by_status(*kinds, *_OF_OPEN)


def _by_status(*kinds: type[Problem]) -> Responses:
    """One response a status, with an example of each of its problems."""
    by_status: dict[int | str, list[type[Problem]]] = {}
    for kind in dict.fromkeys(kinds):
        by_status.setdefault(kind.status, []).append(kind)
    return {
        status: {
            "description": "; ".join(dict.fromkeys(kind.title for kind in group)) + ".",
            "headers": response_headers.of_problems(group),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": REF + PROBLEM_NAME},
                    "examples": {kind.code: {"$ref": f"{examples.REF}{kind.code}"} for kind in group},
                }
            },
        }
        for status, group in sorted(by_status.items(), key=lambda entry: str(entry[0]))
    }
