"""What the server answers itself, before or in the place of the application: the same problems, the same headers."""

import secrets
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from txn_api.problems import MEDIA_TYPE, Problem

_HEADERS: Final = (
    (b"content-type", MEDIA_TYPE.encode()),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"connection", b"close"),
)


def refusal(problem: Problem) -> bytes:
    """The whole answer, as it goes over the wire; none of it is the client's."""
    headers, body = _parts(problem)
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return f"HTTP/1.1 {problem.status} {problem.title}\r\n".encode() + lines + b"\r\n" + body


def refusing(problem: Problem) -> ASGIApp:
    """An application that answers every request with a problem, in the place of ours."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI
        headers, body = _parts(problem)
        await send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return refuse


def _parts(problem: Problem) -> tuple[list[tuple[bytes, bytes]], bytes]:
    request_id = f"req_{secrets.token_hex(8)}"
    body = bytes(problem.response(request_id).body)
    own = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    length = (b"content-length", b"%d" % len(body))
    return [*_HEADERS, *own, (b"x-request-id", request_id.encode()), length], body
