"""An answer in one message, for servers that take it so: ASGI's own way is two, and each passes every layer.

It is an extension of ASGI, told as its specification has it: in the scope's `extensions`.
"""

from typing import Final

from starlette.types import Message, Scope

WHOLE_ANSWER: Final = "txn.whole_answer"
"""The type of that message, which has the keys of both; and the name of the extension."""


def messages(scope: Scope, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> tuple[Message, ...]:
    """The messages that an answer is sent in; `content-length` is added where the server does not do it."""
    if WHOLE_ANSWER in scope.get("extensions", ()):
        return ({"type": WHOLE_ANSWER, "status": status, "headers": headers, "body": body},)
    length = (b"content-length", b"%d" % len(body))
    return (
        {"type": "http.response.start", "status": status, "headers": [length, *headers]},
        {"type": "http.response.body", "body": body},
    )
