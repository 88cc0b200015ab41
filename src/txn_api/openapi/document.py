"""The whole document: FastAPI's account of the routes, completed with what the resources hand in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from txn_api.openapi import examples, response_headers
from txn_api.openapi.components import schemas
from txn_api.openapi.examples import Examples
from txn_api.openapi.operations import SECURITY, SIGNATURE
from txn_api.openapi.parameters import Words, described
from txn_api.resource import Resource

API_VERSION: Final = "0.1.0"
_DESCRIPTION: Final = """\
The front door for card transactions. A 202 means that the transaction is durably on the stream, and only that.
Retrying with the same `transaction_id` is always safe: one id is one transaction. Errors are RFC 9457 problems
with a stable `code`, and never repeat a value that was sent; `/problems/{code}` says more of each.

A key has scopes: `transactions:write`, `transactions:read`, `customer:read` (adds names, birth date and street of
customers to what is read; by itself it opens no call), `cards:lookup` (to look up by card number),
`alerts:read`, `cases:write`, `labels:write` and `admin`. Each operation names those that it needs. Some keys are
bound to terminals or have limits; those for signed requests need a `Signature` on each.

Every GET answers HEAD as well. An answer with card data or a problem has `Cache-Control: no-store`; a `traceparent`
(W3C Trace Context) is taken up and answered with `traceresponse`, but for a 401."""
_SERVERS: Final = [
    {
        "url": "http://127.0.0.1:8080",
        "description": "Local: what `txn up` starts; it listens on this machine alone.",
        "x-internal": True,
    },
    {
        "url": "https://{host}",
        "description": "Production: a deployment of yours, behind TLS.",
        "x-internal": False,
        "variables": {"host": {"default": "transactions.internal", "description": "Where it is reached."}},
    },
]
_SIGNATURE: Final = """\
Beside the key, for a key for signed requests (`signature_missing` tells); what other keys send is not looked at.
At most 103 characters of the form `t=<seconds>,kid=<key id>,v1=<64 hex digits>`, such as
`t=1767225600,kid=0123456789abcdef,v1=6b1f...`, made for each try and good for 300 seconds. `v1` is an
HMAC-SHA-256 over time, method, target, `Idempotency-Key` and the body's digest: docs/access.md has the recipe.
With the digest as `Content-Digest` beside it (RFC 9530), it is verified before the body is there."""
_SCHEMES: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, or an access token."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key."},
    SIGNATURE: {
        "type": "apiKey",
        "in": "header",
        "name": "Signature",
        "description": _SIGNATURE,
    },
}


@dataclass(frozen=True, slots=True)
class About:
    """What a document says of its service as a whole."""

    title: str
    summary: str
    description: str
    servers: Sequence[Mapping[str, Any]]


_API: Final = About(
    title="txn-api",
    summary="Card transactions in, durably; card transactions out, by card, merchant and id.",
    description=_DESCRIPTION,
    servers=_SERVERS,
)


def install(app: FastAPI, resources: Sequence[Resource], about: About = _API) -> None:
    """Make the application answer with the completed document of its resources."""
    app.openapi = cache(partial(_document, app, resources, about))  # type: ignore[method-assign]


def _document(app: FastAPI, resources: Sequence[Resource], about: About) -> dict[str, Any]:
    """The document.

    Raises:
        ValueError: two resources hand in different things under one name, or examples are missing.
    """
    document = get_openapi(
        title=about.title,
        version=API_VERSION,
        openapi_version="3.1.0",
        summary=about.summary,
        description=about.description,
        routes=app.routes,
        contact={"name": "The maintainers of txn-api"},
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        tags=[tag._asdict() for tag in _joined({each.tag.name: each.tag} for each in resources).values()],
        servers=[dict(server) for server in about.servers],
    )
    words = {route.operation_id: each.words for each in resources for route in each.routes()}
    known = _joined(each.examples for each in resources)
    for operation in operations(document):
        _complete(operation, words[operation["operationId"]], known)
    document["components"] = {
        "schemas": schemas(resources),
        "headers": _joined([response_headers.HEADERS, *(each.headers for each in resources)]),
        "examples": examples.components(document["paths"], known),
        "securitySchemes": _SCHEMES,
    }
    return document


def _joined(handed_in: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Everything under its name.

    Raises:
        ValueError: a name stands for two different things.
    """
    made: dict[str, Any] = {}
    for each in handed_in:
        if clashes := [name for name in made.keys() & each.keys() if made[name] != each[name]]:
            raise ValueError(f"several resources hand in {sorted(clashes)}")
        made |= each
    return made


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every operation of a document."""
    for path in document["paths"].values():
        yield from path.values()


def _complete(operation: dict[str, Any], words: Words, known: Examples) -> None:
    """Bring an operation into its final form, in place.

    Raises:
        KeyError: its route says neither which scopes it needs nor that it is open.
    """
    guarded = bool(operation[SECURITY]) and {} not in operation[SECURITY]
    # Unknown parameters and mistyped ones are problems of ours, not FastAPI's.
    if "HTTPValidationError" in str(operation["responses"].get("422", "")):
        del operation["responses"]["422"]
    if "parameters" in operation:
        operation["parameters"] = [described(parameter, words) for parameter in operation["parameters"]]
    for content in _contents(operation):
        content["examples"] = examples.expanded(content["examples"], known)
    for status, response in operation["responses"].items():
        names = response_headers.OF_QUOTAS if guarded and status[0] in "24" else ()
        own = response.pop("headers", {})
        response["headers"] = response_headers.references((*response_headers.of_status(status), *names)) | own


def _contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What an operation takes and answers, each in one media type, where examples are shown."""
    for body in (operation.get("requestBody", {}), *operation["responses"].values()):
        yield from (content for content in body.get("content", {}).values() if "examples" in content)
