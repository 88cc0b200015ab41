"""Sends bytes and takes down everything that comes back."""

import asyncio
from typing import Final

ANSWER_S_MAX: Final = 45.0
IDLE_S: Final = 0.5
"""After so long a silence an answer is over, when the connection does not end with it, as its request may ask."""
ENDLESS: Final = b"content-type: text/event-stream"
PIECE_BYTES: Final = 1 << 16


async def exchange(port: int, request: bytes, answer_s_max: float = ANSWER_S_MAX) -> bytes:
    """All that the server says to a request, head and body; nothing when it only hangs up.

    Raises:
        TimeoutError: it neither answers nor hangs up.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = bytearray()
    ends = b"Connection: close" in request
    try:
        writer.write(request)
        while piece := await _piece(
            reader,
            IDLE_S if said and (not ends or ENDLESS in said[:4_096]) else answer_s_max,
            nothing_is_fine=bool(said),
        ):
            said += piece
    except ConnectionError:
        pass  # what it had said until then is kept
    finally:
        writer.close()
    return bytes(said)


def status_of(answer: bytes) -> int:
    """The status of an answer; 0 when there is none."""
    head = answer.partition(b"\r\n")[0].split(b" ")
    return int(head[1]) if len(head) > 1 and head[1].isdigit() else 0


def header_of(answer: bytes, name: str) -> str:
    """The value of an answer's header; empty when it is not there."""
    for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        found, _, value = line.partition(b":")
        if found.lower() == name.lower().encode():
            return value.strip().decode("latin-1")
    return ""


async def _piece(reader: asyncio.StreamReader, wait_s: float, *, nothing_is_fine: bool) -> bytes:
    try:
        async with asyncio.timeout(wait_s):
            return await reader.read(PIECE_BYTES)
    except TimeoutError:
        if nothing_is_fine:
            return b""
        raise
