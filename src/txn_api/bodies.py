"""Reading a request's body: its type, its size and the time it may take are bounded before anything is parsed."""

import asyncio
from typing import Final

from starlette.types import Message, Receive

from txn_api.encodings import Encoding
from txn_api.headers import Headers
from txn_api.problems import BodyTimeout, BodyTooLarge, ContentEncodingUnsupported, MediaTypeUnsupported

# A body over the limit is still read this far, so that its sender sees the answer instead of a cut connection.
DRAIN_BYTES_MAX: Final = 4 << 20
JSON: Final = frozenset({"application/json"})
NDJSON: Final = frozenset(
    {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/octet-stream"}
)


def check_type(
    headers: Headers, allowed: frozenset[str], encodings: tuple[Encoding, ...] = ("identity",)
) -> Encoding:
    """Hold the declared type and encoding against what a call takes, and give the encoding; a missing type passes.

    Raises:
        MediaTypeUnsupported: the body says that it is something else.
        ContentEncodingUnsupported: the body says that it is compressed in another way.
    """
    declared = headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared and declared not in allowed:
        raise MediaTypeUnsupported
    named = headers.get("content-encoding", "").strip().lower() or "identity"
    for encoding in encodings:
        if named == encoding:
            return encoding
    raise ContentEncodingUnsupported(encodings)


async def read_body(headers: Headers, receive: Receive, *, bytes_max: int, deadline_s: float) -> bytes:
    """The whole body of a small JSON request.

    Raises:
        BodyTooLarge: it has more than `bytes_max` bytes.
        BodyTimeout: it did not arrive within `deadline_s` seconds, or its sender went away.
        MediaTypeUnsupported, ContentEncodingUnsupported: as `check_type`.
    """
    check_type(headers, JSON)
    body = _Body(bytes_max)
    arrived = _arrived(receive)
    if arrived is None or not body.ends_with(arrived):
        try:
            async with asyncio.timeout(deadline_s):
                while not body.ends_with(await receive()):
                    pass
        except TimeoutError:
            raise BodyTimeout from None
    return body.whole()


def _arrived(receive: Receive) -> Message | None:
    """What is there without waiting, as nearly every small body is: the timer of a wait costs more than its parsing.

    A call that would wait is broken off, as a cancellation would do it, and loses nothing.
    """
    receiving = receive().__await__()
    try:
        next(receiving)
    except StopIteration as returned:
        message: Message = returned.value
        return message
    receiving.close()
    return None


class _Body:
    """The pieces of a body up to its bound."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._size = 0
        self._data = b""

    def ends_with(self, message: Message) -> bool:
        """Take a piece, and say whether it was the last one to be read."""
        if message["type"] == "http.disconnect":
            raise BodyTimeout
        piece = message.get("body", b"")
        self._size += len(piece)
        if self._size <= self._bytes_max:
            self._data += piece  # the one piece of nearly every body is not copied
        return not message.get("more_body", False) or self._size > self._bytes_max + DRAIN_BYTES_MAX

    def whole(self) -> bytes:
        """All that came."""
        if self._size > self._bytes_max:
            raise BodyTooLarge
        return self._data
