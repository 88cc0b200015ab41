"""An answer all of which is there, and the messages that ASGI has for it."""

from starlette.types import Message

Header = tuple[bytes, bytes]


def messages(status: int, headers: list[Header], body: bytes) -> tuple[Message, Message]:
    """The messages of an answer. `content-length` is added."""
    length = (b"content-length", b"%d" % len(body))
    return (
        {"type": "http.response.start", "status": status, "headers": [length, *headers]},
        {"type": "http.response.body", "body": body},
    )
