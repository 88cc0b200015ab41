"""Messages of `application/vnd.amazon.eventstream`, as AWS frames them.

    4 total length | 4 headers length | 4 CRC32 of these eight | headers | payload | 4 CRC32 of all before

A header is a length of one byte, its name, the type 7 (a string), a length of two bytes, and the value; all numbers
are big-endian (the event stream encoding of Amazon Transcribe's and S3 Select's documentation).
"""

from binascii import crc32
from collections.abc import Mapping
from struct import pack
from typing import Final

from pydantic_core import to_json

CONTENT_TYPE: Final = "application/vnd.amazon.eventstream"
_STRING: Final = 7
_AROUND_HEADERS: Final = 12
_CHECKSUM: Final = 4


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message."""
    head = b"".join(_header(name.encode(), value.encode()) for name, value in headers.items())
    lengths = pack(">II", _AROUND_HEADERS + len(head) + len(payload) + _CHECKSUM, len(head))
    body = b"".join((lengths, pack(">I", crc32(lengths)), head, payload))
    return body + pack(">I", crc32(body))


def event(kind: str, document: Mapping[str, object]) -> bytes:
    """An event of a kind, such as `SubscribeToShardEvent`; `initial-response` comes before all others."""
    headers = {":message-type": "event", ":event-type": kind, ":content-type": "application/json"}
    return message(headers, to_json(document))


def exception(code: str, text: str) -> bytes:
    """The exception that a stream of events ends in."""
    headers = {":message-type": "exception", ":exception-type": code, ":content-type": "application/json"}
    return message(headers, to_json({"message": text}))


def _header(name: bytes, value: bytes) -> bytes:
    return pack(">B", len(name)) + name + pack(">BH", _STRING, len(value)) + value
