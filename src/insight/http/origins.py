"""Pages of one other origin may ask from a browser (CORS, by the Fetch standard): the API's, whose pages they are.

They also see when an answer began, not only when it was whole (Timing-Allow-Origin, by Resource Timing).

One origin is named, so that each answer says the same, whoever asks, also the answers that refuse. Credentials are
headers alone: there are no cookies, and `Access-Control-Allow-Credentials` is never sent.
"""

from typing import Final

from starlette.types import Scope

from txn_api.edge.headers import RawHeaders
from txn_core.settings import Settings

Headers = tuple[tuple[bytes, bytes], ...]

_EXPOSED: Final = b"ETag, Retry-After, X-Request-Id, RateLimit, RateLimit-Policy"
PREFLIGHT: Final[Headers] = (
    (b"access-control-allow-methods", b"GET, HEAD"),
    (b"access-control-allow-headers", b"Authorization, X-API-Key, If-None-Match, Signature"),
    (b"access-control-max-age", b"7200"),
)
"""What a browser is told that asks before it sends a request with a key."""


def of_every_answer(settings: Settings) -> Headers:
    """The headers of each answer; none where no page of another origin may ask."""
    if settings.insight_origin is None:
        return ()
    return (
        (b"access-control-allow-origin", settings.insight_origin.encode()),
        (b"access-control-expose-headers", _EXPOSED),
        (b"timing-allow-origin", settings.insight_origin.encode()),
    )


def is_preflight(scope: Scope) -> bool:
    """Whether a request is a browser's question before another one, which has no key."""
    headers = RawHeaders.of(scope)
    return scope["method"] == "OPTIONS" and all(
        headers.find(name) is not None for name in (b"origin", b"access-control-request-method")
    )
