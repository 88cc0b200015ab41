"""Messages of PostgreSQL's protocol 3, which Redshift speaks too, and the log-in to the server behind the door.

Source: PostgreSQL 15 documentation, chapter 55 (message formats, SCRAM-SHA-256 by RFC 7677).
"""

import asyncio
import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

PROTOCOL: Final = 196608
SSL_REQUEST: Final = 80877103
CANCEL_REQUEST: Final = 80877102
_BYTES_MAX: Final = 1 << 28


class DoorError(Exception):
    """The client or the server behind the door said what the door does not take."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message after the start: its kind (one byte) and what follows the length."""

    kind: bytes
    body: bytes = b""

    def __bytes__(self) -> bytes:
        return self.kind + (len(self.body) + 4).to_bytes(4, "big") + self.body


async def read_message(reader: asyncio.StreamReader) -> Message:
    """The next message.

    Raises:
        asyncio.IncompleteReadError: the connection ended.
        DoorError: a message above 256 MiB.
    """
    kind = await reader.readexactly(1)
    size = int.from_bytes(await reader.readexactly(4), "big") - 4
    if not 0 <= size <= _BYTES_MAX:
        raise DoorError(f"a message of {size} bytes")
    return Message(kind, await reader.readexactly(size))


def taken(buffer: bytearray) -> Iterator[Message]:
    """The complete messages at the beginning of a buffer, which they leave: much cheaper than one read for each."""
    place = 0
    while len(buffer) >= place + 5:
        end = place + 1 + int.from_bytes(buffer[place + 1 : place + 5], "big")
        if end > len(buffer):
            break
        yield Message(bytes(buffer[place : place + 1]), bytes(buffer[place + 5 : end]))
        place = end
    del buffer[:place]


async def read_start(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The code and the body of a start message, which has no kind."""
    size = int.from_bytes(await reader.readexactly(4), "big") - 8
    code = int.from_bytes(await reader.readexactly(4), "big")
    return code, await reader.readexactly(max(0, min(size, 65536)))


def start(parameters: Mapping[str, str]) -> bytes:
    """A start message with its parameters."""
    body = b"".join(name.encode() + b"\0" + value.encode() + b"\0" for name, value in parameters.items()) + b"\0"
    return (len(body) + 8).to_bytes(4, "big") + PROTOCOL.to_bytes(4, "big") + body


def parameters(body: bytes) -> dict[str, str]:
    """The parameters of a start message."""
    parts = body.split(b"\0")
    return {name.decode(): value.decode() for name, value in zip(parts[::2], parts[1::2], strict=False) if name}


def error(message: str, code: str = "0A000", detail: str = "") -> Message:
    """An error as servers send it; 0A000 is "feature not supported"."""
    fields = {b"S": "ERROR", b"V": "ERROR", b"C": code, b"M": message, b"D": detail}
    body = b"".join(name + value.encode() + b"\0" for name, value in fields.items() if value)
    return Message(b"E", body + b"\0")


def error_fields(message: Message) -> dict[str, str]:
    """The fields of an error, by their letter (PostgreSQL 15, section 55.8)."""
    return {chr(part[0]): part[1:].decode() for part in message.body.split(b"\0") if part}


def texts(row: Message) -> tuple[str | None, ...]:
    """The values of a DataRow whose columns came as text."""
    values, place = [], 2
    for _ in range(int.from_bytes(row.body[:2], "big")):
        size = int.from_bytes(row.body[place : place + 4], "big", signed=True)
        values.append(None if size < 0 else row.body[place + 4 : place + 4 + size].decode())
        place += 4 + max(size, 0)
    return tuple(values)


async def log_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, password: str) -> Message:
    """Log in to the server after the start message was sent; its last word, AuthenticationOk or an error."""
    proof = _Scram(password)
    while True:
        message = await read_message(reader)
        asked = int.from_bytes(message.body[:4], "big")
        if message.kind != b"R" or asked == 0:
            return message
        if asked == 10:  # AuthenticationSASL
            first = proof.first()
            answer = b"SCRAM-SHA-256\0" + len(first).to_bytes(4, "big") + first
        elif asked == 11:  # AuthenticationSASLContinue
            answer = proof.last(message.body[4:].decode())
        elif asked == 12:  # AuthenticationSASLFinal; the server's own proof is of no interest on loopback
            continue
        elif asked == 3:  # AuthenticationCleartextPassword
            answer = password.encode() + b"\0"
        else:
            raise DoorError(f"the server behind the door asks for log-in {asked}")
        writer.write(bytes(Message(b"p", answer)))


class _Scram:
    """The client's side of SCRAM-SHA-256 without channel binding."""

    def __init__(self, password: str) -> None:
        self._password = password
        self._bare = f"n=,r={secrets.token_hex(12)}"

    def first(self) -> bytes:
        return f"n,,{self._bare}".encode()

    def last(self, challenge: str) -> bytes:
        fields = dict(part.split("=", 1) for part in challenge.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", self._password.encode(), b64decode(fields["s"]), int(fields["i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        plain = f"c=biws,r={fields['r']}"
        signed = f"{self._bare},{challenge},{plain}".encode()
        signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
        return f"{plain},p={b64encode(proof).decode()}".encode()
