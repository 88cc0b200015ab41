"""What stands around a request's body, in the form that is searched for the request's own card number."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.types import Scope

from txn_core.card_numbers.card_number_search import request_text_of
from txn_core.transactions.plain_text import SEPARATORS

# As a number: to look for bytes in bytes, CPython 3.11 first makes an exception of their not being a number.
_PERCENT: Final = b"%"[0]
_DECODINGS_MAX: Final = 3
"""How often percent-encoding is undone: proxies encode what is encoded already."""


def request_text(request: Request, *, besides: str | None = None) -> str:
    """Header names and values, path and query, percent-encoding undone.

    `besides` names the query parameter whose value is the card number's own place.
    """
    query = [
        text.encode(errors="replace")
        for name, value in request.query_params.multi_items()
        for text in ((name,) if name == besides else (name, value))
    ]
    headers = [part for header in request.scope["headers"] for part in header]
    path = request.scope["path"].encode(errors="replace")
    return request_text_of(reading for text in (*headers, path, *query) for reading in _readings(text))


def request_text_of_scope(scope: Scope) -> str:
    """The same of a raw request; one in plain ASCII and without a query, as nearly all are, takes a microsecond."""
    joined = b"x".join([scope["path"].encode("utf-8", "replace"), *map(b"x".join, scope["headers"])])
    if scope["query_string"] or not joined.isascii() or _PERCENT in joined:
        return request_text(Request(scope))
    return joined.translate(None, SEPARATORS).decode()


def _readings(text: bytes) -> Iterator[str]:
    """A text as it stands and with its percent-encoding undone, in UTF-8 and in Latin-1 (RFC 9110, 5.5)."""
    for _ in range(_DECODINGS_MAX):
        yield text.decode(errors="replace")
        if not text.isascii():
            yield text.decode("latin-1")
        decoded = unquote_to_bytes(text)
        if decoded == text:
            return
        text = decoded
    yield text.decode(errors="replace")
