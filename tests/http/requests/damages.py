"""Requests with a few of their bytes changed, left out or put in, anywhere or in the head alone."""

from dataclasses import replace
from typing import Final

from tests.http.requests.drafts import Message, Rng

KIND: Final = "bytes damaged"
_ODD: Final = (
    b"\r",
    b"\n",
    b"\r\n",
    b" ",
    b"\t",
    b":",
    b",",
    b";",
    b"\x00",
    b"\x0b",
    b"\x0c",
    b"\x7f",
    b"\xa0",
    b"\xff",
    b"0",
    b"-",
    b"%",
)


def damaged(rng: Rng, message: Message) -> Message:
    """Some places of a message; most of them in its head."""
    data = bytearray(message.data)
    end = len(data) - len(message.rest) + 4 if rng.random() < 0.8 else len(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        place = rng.randrange(max(1, min(end, len(data))))
        match rng.randrange(4):
            case 0:
                del data[place : place + rng.choice((1, 1, 2, 8))]
            case 1:
                data[place:place] = rng.choice(_ODD)
            case 2:
                data[place : place + 1] = rng.choice(_ODD)
            case _:
                data[place : place + 1] = bytes([rng.randrange(256)])
    start, *lines = bytes(data).splitlines(keepends=True) or [b""]
    return replace(message, start=start, fields=tuple(lines), rest=b"", kinds=message.kinds | {KIND})
