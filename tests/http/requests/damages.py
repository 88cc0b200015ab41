"""Requests with a few of their bytes changed, left out or put in, anywhere or in the head alone."""

from dataclasses import replace
from typing import Final

from tests.http.requests.drafts import Dice, Message

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


def damaged(dice: Dice, message: Message) -> Message:
    """Some places of a message; most of them in its head."""
    data = bytearray(message.data)
    end = len(data) - len(message.rest) + 4 if dice.random() < 0.8 else len(data)
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        place = dice.randrange(max(1, min(end, len(data))))
        match dice.randrange(4):
            case 0:
                del data[place : place + dice.choice((1, 1, 2, 8))]
            case 1:
                data[place:place] = dice.choice(_ODD)
            case 2:
                data[place : place + 1] = dice.choice(_ODD)
            case _:
                data[place : place + 1] = bytes([dice.randrange(256)])
    start, *lines = bytes(data).splitlines(keepends=True) or [b""]
    return replace(message, start=start, fields=tuple(lines), rest=b"", kinds=message.kinds | {KIND})
