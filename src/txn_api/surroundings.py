"""What stands around a request's body, in the form that is searched for the request's own card number."""

from starlette.requests import Request
from starlette.types import Scope

from txn_core.misplaced import surroundings_of
from txn_core.plain_text import SEPARATORS


def surroundings(request: Request, *, besides: str | None = None) -> str:
    """Header names and values, path and query, percent-encoding undone.

    `besides` names the query parameter whose value is the card number's own place.
    """
    headers = [text for header in request.headers.items() for text in header]
    query = [
        text
        for name, value in request.query_params.multi_items()
        for text in ((name,) if name == besides else (name, value))
    ]
    return surroundings_of([*headers, request.scope["path"], *query])


def surroundings_of_scope(scope: Scope) -> str:
    """The same of a raw request; one in plain ASCII and without a query, as nearly all are, takes a microsecond."""
    joined = b"x".join([scope["path"].encode(), *map(b"x".join, scope["headers"])])
    if scope["query_string"] or not joined.isascii():
        return surroundings(Request(scope))
    return joined.translate(None, SEPARATORS).decode()
