"""An answer all of which is there, without messages and coroutines, for servers that can do so; ours can.

ASGI's own way is two messages, each of which passes every layer.
"""

from starlette.types import Message, Send

Header = tuple[bytes, bytes]


def answer_at_once(send: Send, status: int, headers: list[Header], body: bytes) -> bool:
    """Answer now, through every layer below; false when nothing was done and `messages` are to be sent.

    `content-length` is added on the way.
    """
    answer = getattr(getattr(send, "__self__", None), "answer_at_once", None)
    return answer is not None and answer(status, headers, body)


def messages(status: int, headers: list[Header], body: bytes) -> tuple[Message, Message]:
    """The same as messages."""
    length = (b"content-length", b"%d" % len(body))
    return (
        {"type": "http.response.start", "status": status, "headers": [length, *headers]},
        {"type": "http.response.body", "body": body},
    )
