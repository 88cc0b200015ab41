"""Reading a request's body: its type, its size and the time it may take are bounded before anything is parsed."""

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Final

from starlette.types import Message, Receive, Scope

from txn_api.edge.headers import Headers
from txn_api.problems import (
    BodyTimeout,
    BodyTooLarge,
    ContentEncodingUnsupported,
    MalformedHttp,
    MediaTypeUnsupported,
)
from txn_api.writes.encodings import Encoding, named_encoding

# A body over the limit is still read this far, so that its sender sees the answer instead of a cut connection.
DRAIN_BYTES_MAX: Final = 4 << 20
JSON: Final = frozenset({"application/json"})
NDJSON: Final = frozenset(
    {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/octet-stream"}
)

CSV: Final = frozenset({"text/csv"})
_CHARSET: Final = re.compile(r'charset\s*=\s*"?([^\s;"]*)')
_UTF_8: Final = frozenset({"utf-8", "utf8", "us-ascii"})

Waiting = Callable[[], AbstractAsyncContextManager[None]]


def check_type(
    headers: Headers, allowed: frozenset[str], encodings: tuple[Encoding, ...] = ("identity",)
) -> Encoding:
    """Hold the declared type and encoding against what a call takes, and give the encoding; a missing type passes.

    Raises:
        MediaTypeUnsupported: the body says that it is something else.
        ContentEncodingUnsupported: the body says that it is compressed in another way.
    """
    declared = headers.get("content-type", "")
    if declared not in allowed and (plain := declared.partition(";")[0].strip().lower()) and plain not in allowed:
        raise MediaTypeUnsupported
    named = named_encoding(headers.get("content-encoding", ""))
    for encoding in encodings:
        if named == encoding:
            return encoding
    raise ContentEncodingUnsupported(headers={"Accept-Encoding": ", ".join(encodings)})


def declares_table(headers: Headers) -> bool:
    """Whether a body says that it is CSV; without a character set it is in UTF-8 (RFC 7111, 5.1).

    Raises:
        MediaTypeUnsupported: it says that it is in another one.
    """
    plain, _, parameters = headers.get("content-type", "").lower().partition(";")
    if plain.strip() not in CSV:
        return False
    said = _CHARSET.search(parameters)
    if said is not None and said[1] not in _UTF_8:
        raise MediaTypeUnsupported
    return True


async def read_whole(receive: Receive, *, bytes_max: int, deadline_s: float, waiting: Waiting = nullcontext) -> bytes:
    """The whole of a small body, whatever it is. What has not come at once is waited for inside `waiting`.

    Raises:
        BodyTooLarge: it has more than `bytes_max` bytes.
        BodyTimeout: it did not arrive within `deadline_s` seconds, or its sender went away.
        MalformedHttp: its framing broke.
    """
    body = IncomingBody(receive, bytes_max)
    if not body.has_arrived():
        async with waiting():
            await body.arrive(deadline_s)
    return body.whole()


def set_aside(scope: Scope, receive: Receive, body: bytes) -> None:
    """Keep a body that had to be read before its route reads it; behind it comes what `receive` gives."""
    pieces = [body]

    async def again() -> Message:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(), "more_body": False}
        return await receive()

    scope["state"]["body"] = again


def source(scope: Scope, receive: Receive) -> Receive:
    """Where a route reads its body: the connection, unless the body was set aside."""
    kept: Receive = scope["state"].get("body", receive)
    return kept


class IncomingBody:
    """The whole of a small body, up to its bound."""

    __slots__ = ("_bytes_max", "_data", "_receive", "_size")

    def __init__(self, receive: Receive, bytes_max: int) -> None:
        self._receive, self._bytes_max = receive, bytes_max
        self._size = 0
        self._data = b""

    def has_arrived(self) -> bool:
        """Take what is there without waiting, and say whether it was all; asked once. Raises as `_ends_with`.

        Nearly every small body is there, and the timer of a wait costs more than its parsing. A call that would wait
        is broken off, as a cancellation would do it, and loses nothing.
        """
        receiving = self._receive().__await__()
        try:
            next(receiving)
        except StopIteration as returned:
            return self._ends_with(returned.value)
        receiving.close()
        return False

    async def arrive(self, deadline_s: float) -> None:
        """Wait for the rest. Raises as `_ends_with`.

        Raises:
            BodyTimeout: it did not come in time, too.
        """
        try:
            async with asyncio.timeout(deadline_s):
                while not self._ends_with(await self._receive()):
                    pass
        except TimeoutError:
            raise BodyTimeout from None

    def whole(self) -> bytes:
        """All that came.

        Raises:
            BodyTooLarge: it is more than may be.
        """
        if self._size > self._bytes_max:
            raise BodyTooLarge
        return self._data

    def _ends_with(self, message: Message) -> bool:
        """Take a piece, and say whether it was the last one to be read.

        Raises:
            BodyTimeout: the sender went away.
            MalformedHttp: the body's framing is broken, says the server.
        """
        if message["type"] == "http.disconnect":
            raise MalformedHttp if message.get("malformed") else BodyTimeout
        piece = message.get("body", b"")
        self._size += len(piece)
        if self._size <= self._bytes_max:
            self._data += piece  # the one piece of nearly every body is not copied
        return not message.get("more_body", False) or self._size > self._bytes_max + DRAIN_BYTES_MAX
