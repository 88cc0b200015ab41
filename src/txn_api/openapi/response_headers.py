"""The headers of answers. Those of a rate limit are of draft-ietf-httpapi-ratelimit-headers-11."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from txn_api.problems import Problem
from txn_api.reads.cursors import CURSOR_CHARS_MAX

REF: Final = "#/components/headers/"
# Field values in the form of RFC 9110, 5.5, without the obsolete part.
_VISIBLE: Final = r"^[\x20-\x7e]*$"


def _header(description: str, example: str, *, pattern: str = _VISIBLE, length_max: int = 256) -> dict[str, Any]:
    schema = {"type": "string", "pattern": pattern, "maxLength": length_max}
    return {"description": description, "schema": schema, "example": example}


def _seconds(description: str, example: int) -> dict[str, Any]:
    schema = {"type": "integer", "format": "int32", "minimum": 0, "maximum": 86_400}
    return {"description": description, "schema": schema, "example": example}


HEADERS: Final[dict[str, dict[str, Any]]] = {
    "X-Request-Id": {
        **_header(
            "The request's id in our logs.", "req_0123456789abcdef", pattern="^req_[0-9a-f]{16}$", length_max=20
        ),
        "required": True,
    },
    "traceresponse": _header(
        "The caller's trace and this request as its child (W3C Trace Context); if there was a valid `traceparent`.",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0123456789abcdef-00",
        pattern="^00-[0-9a-f]{32}-[0-9a-f]{16}-00$",
        length_max=55,
    ),
    "Location": _header(
        "Where the transaction can be read, about a second later.",
        "/transactions/0b242abb623afc578575680df30655b9",
        pattern="^/transactions/[A-Za-z0-9_-]{8,64}$",
        length_max=78,
    ),
    "RateLimit": _header(
        "What is left of the key's quotas: `r` requests for the next `t` seconds. Absent when the key has no limit.",
        '"write";r=4999;t=1, "concurrency";r=1023',
    ),
    "RateLimit-Policy": _header(
        "The key's quotas: `q` requests in each window of `w` seconds. Absent when the key has no limit.",
        '"write";q=5000;w=1, "concurrency";q=1024;qu="concurrent-requests"',
    ),
    "ETag": _header(
        "A strong validator of this very answer (RFC 9110, 8.8.3).",
        '"0123456789abcdef0123456789abcdef"',
        pattern='^"[0-9a-f]{32}"$',
        length_max=34,
    ),
    "X-Next-Cursor": _header(
        "With CSV alone, and only if there are more rows: the `cursor` of the next page.",
        "q83vASNFZ4mrze8BI0VniTIwMTk",
        pattern="^[A-Za-z0-9_-]+$",
        length_max=CURSOR_CHARS_MAX,
    ),
    "Link": _header(
        'With CSV alone: the next page as `<...>; rel="next"` (RFC 8288). Never holds a card number; absent where a '
        "card has ids under several key versions.",
        '</transactions?merchant_name=kub&cursor=q83vASNFZ4mrze8BI0VniTIwMTk>; rel="next"',
        length_max=8192,
    ),
    "Vary": _header("What of a request decides on the answer's form (RFC 9110, 12.5.5).", "Accept"),
    "Idempotent-Replayed": {
        "description": "`true` when this is the first answer to the same `Idempotency-Key`, given once more.",
        "schema": {"type": "string", "enum": ["true"]},
        "example": "true",
    },
    "Retry-After": _seconds("Seconds to wait before the request is sent again (RFC 9110, 10.2.3).", 1),
    "WWW-Authenticate": _header("How to authenticate (RFC 9110, 11.6.1).", 'Bearer realm="txn-api"'),
    "Accept-Encoding": _header("The content encodings that the call takes (RFC 7694).", "gzip, zstd, identity"),
}
OF_QUOTAS: Final = ("RateLimit", "RateLimit-Policy")
_OF_ALL: Final = ("X-Request-Id", "traceresponse")
_UNTRACED: Final = str(int(HTTPStatus.UNAUTHORIZED))


def of_status(status: str) -> Iterable[str]:
    """The headers that every answer of a status has; a 401 repeats no trace (ADR 20)."""
    return [name for name in _OF_ALL if (name, status) != ("traceresponse", _UNTRACED)]


def references(names: Iterable[str]) -> dict[str, Any]:
    """References to some of them; one that is not described here is none of the document's."""
    return {name: {"$ref": REF + name} for name in names if name in HEADERS}


def of_problems(kinds: Iterable[type[Problem]]) -> dict[str, Any]:
    """The headers that some of these problems carry."""
    return references(dict.fromkeys(name for kind in kinds for name in kind().headers))
