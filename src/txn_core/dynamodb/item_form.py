"""How an event stands in an item of the index: as text (form 1), or packed (form 2, ADR 58).

Packed, it is a frame of Zstandard (RFC 8878) in the attribute of the same name, of the type of bytes. A dictionary
that comes along compresses it; the frame names it, so that those of before stay readable. The bytes that come back
are exactly those of the event.
"""

import re
import threading
from binascii import a2b_base64
from collections.abc import Mapping
from enum import IntEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

import zstandard

from txn_core.dynamodb.attributes import string
from txn_core.exceptions import StoredEventError

EVENT: Final = "event"
DICTIONARY: Final = 32_768
"""The dictionary of form 2: the first id that RFC 8878 leaves to everybody. Another one needs another form."""
LEVEL: Final = 3  # 6 takes five times the CPU time, for 10 bytes of 180
EVENT_BYTES_MAX: Final = 1 << 20  # a transaction's body is far smaller; a damaged frame may claim any size

_FOLDER: Final = "event_dictionaries"
_NAME: Final = re.compile(r"([0-9]+)\.zdict")


class ItemForm(IntEnum):
    """How events are written into a table; all forms are read from every one."""

    TEXT = 1
    PACKED = 2


def event_attribute(event: str, form: ItemForm) -> dict[str, Any]:
    """The attribute of an item that holds its event, written in a form."""
    if form is ItemForm.TEXT:
        return {EVENT: string(event)}
    return {EVENT: {"B": _contexts.compressor().compress(event.encode())}}


def event_of(item: Mapping[str, Any]) -> str:
    """The event of an item, whatever the form; a client may give bytes as base64.

    Raises:
        StoredEventError: it is damaged, or its dictionary is not known here. The text names the dictionary.
    """
    attribute = item[EVENT]
    if "S" in attribute:
        text: str = attribute["S"]
        return text
    frame = attribute["B"]
    try:
        if isinstance(frame, str):
            frame = a2b_base64(frame)
        head = zstandard.get_frame_parameters(frame)
        if (decompressor := _contexts.decompressors.get(head.dict_id)) is None:
            raise StoredEventError(f"dictionary {head.dict_id} of an event is not known")
        if head.content_size > EVENT_BYTES_MAX:
            raise StoredEventError(f"an event by dictionary {head.dict_id} is damaged: it claims to be too large")
        return decompressor.decompress(frame).decode()
    except (zstandard.ZstdError, ValueError) as error:  # no base64 and no UTF-8 as well
        named = _named(frame)
        raise StoredEventError(f"an event by {named} is damaged ({type(error).__name__})") from None


@cache
def dictionaries() -> Mapping[int, bytes]:
    """All dictionaries that come along, by their ids. None is ever changed or taken away."""
    found = ((_NAME.fullmatch(file.name), file) for file in files(__package__).joinpath(_FOLDER).iterdir())
    return {int(match[1]): file.read_bytes() for match, file in found if match is not None}


class _Contexts(threading.local):
    """What packs and unpacks, of one thread alone: a context of Zstandard is not to be shared."""

    def __init__(self) -> None:
        tables = {number: zstandard.ZstdCompressionDict(data) for number, data in dictionaries().items()}
        self.decompressors = {number: zstandard.ZstdDecompressor(dict_data=table) for number, table in tables.items()}
        self._compressor: zstandard.ZstdCompressor | None = None

    def compressor(self) -> zstandard.ZstdCompressor:
        """The compressor; readers have none."""
        if self._compressor is None:
            table = zstandard.ZstdCompressionDict(dictionaries()[DICTIONARY])
            table.precompute_compress(level=LEVEL)
            self._compressor = zstandard.ZstdCompressor(level=LEVEL, dict_data=table)
        return self._compressor


_contexts: Final = _Contexts()


def _named(frame: object) -> str:
    """The dictionary of a frame as far as it says so."""
    try:
        return f"dictionary {zstandard.get_frame_parameters(frame).dict_id}" if isinstance(frame, bytes) else "none"
    except zstandard.ZstdError:
        return "no dictionary that can be read"
