"""The headers of answers that are no resource's own.

Those of a rate limit are of draft-ietf-httpapi-ratelimit-headers-11.
"""

from collections.abc import Iterable
from typing import Any, Final

from txn_api.problems import Problem

REF: Final = "#/components/headers/"
# Field values in the form of RFC 9110, 5.5, without the obsolete part.
_VISIBLE: Final = r"^[\x20-\x7e]*$"


def header(description: str, example: str, *, pattern: str = _VISIBLE, length_max: int = 256) -> dict[str, Any]:
    """A header of a text, as a component of the document."""
    schema = {"type": "string", "pattern": pattern, "maxLength": length_max}
    return {"description": description, "schema": schema, "example": example}


HEADERS: Final[dict[str, dict[str, Any]]] = {
    "X-Request-Id": {
        **header(
            "The request's id in our logs.", "req_0123456789abcdef", pattern="^req_[0-9a-f]{16}$", length_max=20
        ),
        "required": True,
    },
    "traceresponse": header(
        "The caller's trace and this request as its child (W3C Trace Context); if there was a valid `traceparent`.",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0123456789abcdef-00",
        pattern="^00-[0-9a-f]{32}-[0-9a-f]{16}-00$",
        length_max=55,
    ),
    "RateLimit": header(
        "What is left of the key's quotas: `r` requests for the next `t` seconds. Absent when the key has no limit.",
        '"write";r=4999;t=1, "concurrency";r=1023',
    ),
    "RateLimit-Policy": header(
        "The key's quotas: `q` requests in each window of `w` seconds. Absent when the key has no limit.",
        '"write";q=5000;w=1, "concurrency";q=1024;qu="concurrent-requests"',
    ),
    "Vary": header("What of a request decides on the answer's form (RFC 9110, 12.5.5).", "Accept"),
    "Retry-After": {
        "description": "Seconds to wait before the request is sent again (RFC 9110, 10.2.3).",
        "schema": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 86_400},
        "example": 1,
    },
    "WWW-Authenticate": header("How to authenticate (RFC 9110, 11.6.1).", 'Bearer realm="txn-api"'),
    "Accept-Encoding": header("The content encodings that the call takes (RFC 7694).", "gzip, zstd, identity"),
}
OF_QUOTAS: Final = ("RateLimit", "RateLimit-Policy")


def of_status(status: str) -> Iterable[str]:
    """The headers that every answer of a status has; a 401 repeats no trace (ADR 20)."""
    return ("X-Request-Id",) if status == "401" else ("X-Request-Id", "traceresponse")


def references(names: Iterable[str]) -> dict[str, Any]:
    """References to some of them; one that is not described here is none of the document's."""
    return {name: {"$ref": REF + name} for name in names if name in HEADERS}


def own(names: Iterable[str]) -> dict[str, Any]:
    """References to headers that a resource hands in."""
    return {name: {"$ref": REF + name} for name in names}


def of_problems(kinds: Iterable[type[Problem]]) -> dict[str, Any]:
    """The headers that some of these problems carry."""
    return references(dict.fromkeys(name for kind in kinds for name in kind().headers))
