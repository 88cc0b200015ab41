"""Reading a request's body: its type, its size and the time it may take are bounded before anything is parsed."""

import asyncio
from collections.abc import Mapping
from typing import Final

from starlette.types import Receive

from txn_api.encodings import Encoding
from txn_api.problems import BodyTimeout, BodyTooLarge, ContentEncodingUnsupported, MediaTypeUnsupported

# A body over the limit is still read this far, so that its sender sees the answer instead of a cut connection.
DRAIN_BYTES_MAX: Final = 4 << 20
JSON: Final = frozenset({"application/json"})
NDJSON: Final = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})


def check_type(
    headers: Mapping[str, str], allowed: frozenset[str], encodings: tuple[Encoding, ...] = ("identity",)
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


async def read_body(headers: Mapping[str, str], receive: Receive, *, bytes_max: int, deadline_s: float) -> bytes:
    """The whole body of a small JSON request.

    Raises:
        BodyTooLarge: it has more than `bytes_max` bytes.
        BodyTimeout: it did not arrive within `deadline_s` seconds, or its sender went away.
        MediaTypeUnsupported, ContentEncodingUnsupported: as `check_type`.
    """
    check_type(headers, JSON)
    body, size, more = b"", 0, True
    try:
        async with asyncio.timeout(deadline_s):
            while more and size <= bytes_max + DRAIN_BYTES_MAX:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise BodyTimeout
                piece, more = message.get("body", b""), message.get("more_body", False)
                size += len(piece)
                if size <= bytes_max:
                    body += piece  # the one piece of nearly every body is not copied
    except TimeoutError:
        raise BodyTimeout from None
    if size > bytes_max:
        raise BodyTooLarge
    return body
