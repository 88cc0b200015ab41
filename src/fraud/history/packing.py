"""Histories as bytes, small enough to keep one of each card in memory and in a table.

Version 1: the version and the number of entries of both kinds, then the hashes of ids as they are (they are random,
so they do not shrink), and all else deflated: numbers of the card, the names of the models, and the columns byte by
byte apart, the times as steps. Integers are little-endian, as are the machines we run on.
"""

import struct
import zlib
from array import array
from itertools import accumulate
from operator import sub
from typing import Final

from fraud.history.columns import ID_BYTES, Columns, Place
from txn_core.exceptions import HistoryError

VERSION: Final = 1
_HEAD: Final = struct.Struct("<BHH")
# First seen, purchases ever, last place, flags of what is absent, first times, bytes an amount, models.
_NUMBERS: Final = struct.Struct("<qIqiiBqqBB")
_HAS_FIRST_SEEN: Final = 1
_HAS_PLACE: Final = 2
_INFLATED_MAX: Final = 1 << 18
_STEP_BYTES: Final = 3  # a horizon of 37 days is under 2**24 seconds
_OTHER_STEP_BYTES: Final = 8
_LOG_ODDS_BYTES: Final = 2
_PURCHASES_EVER_MAX: Final = 2**32 - 1


def packed(columns: Columns) -> bytes:
    """The content as bytes."""
    head = _HEAD.pack(VERSION, len(columns.times), len(columns.other_times))
    amount_bytes = (max(columns.amounts, default=0).bit_length() + 7) // 8
    place = columns.last_place
    numbers = _NUMBERS.pack(
        columns.first_seen_s or 0,
        min(columns.purchases_ever, _PURCHASES_EVER_MAX),
        *(place or (0, 0, 0)),
        (columns.first_seen_s is not None) * _HAS_FIRST_SEEN + (place is not None) * _HAS_PLACE,
        next(iter(columns.times), 0),
        next(iter(columns.other_times), 0),
        amount_bytes,
        len(columns.log_odds),
    )
    names = [name.encode() for name in columns.log_odds]
    parts = [
        numbers,
        *(bytes((len(name),)) + name for name in names),
        *_planes(_steps(columns.times), _STEP_BYTES),
        *_planes(columns.amounts, amount_bytes),
        bytes(columns.categories),
        *(plane for column in columns.log_odds.values() for plane in _planes(column, _LOG_ODDS_BYTES)),
        *_planes(_steps(columns.other_times), _OTHER_STEP_BYTES),
    ]
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return b"".join((head, columns.ids, columns.other_ids, deflate.compress(b"".join(parts)), deflate.flush()))


def fill(columns: Columns, data: bytes) -> None:
    """Put the content of bytes into empty columns.

    Raises:
        HistoryError: the bytes are no history.
    """
    if not data or data[0] != VERSION:
        raise HistoryError(f"a history of version {data[0] if data else 'none'}")
    try:
        _fill(columns, data)
    except (struct.error, zlib.error, ValueError, ArithmeticError) as error:
        raise HistoryError(f"not a history: {type(error).__name__}") from None


def _fill(columns: Columns, data: bytes) -> None:
    _, entries, others = _HEAD.unpack_from(data)
    ids_end = _HEAD.size + entries * ID_BYTES
    others_end = ids_end + others * ID_BYTES
    columns.ids[:] = data[_HEAD.size : ids_end]
    columns.other_ids[:] = data[ids_end:others_end]
    rest = _Rest(_inflated(data[others_end:]))
    numbers = _NUMBERS.unpack(rest.take(_NUMBERS.size))
    first_seen_s, columns.purchases_ever, *place, flags, first_s, first_other_s, amount_bytes, models = numbers
    columns.first_seen_s = first_seen_s if flags & _HAS_FIRST_SEEN else None
    columns.last_place = Place(*place) if flags & _HAS_PLACE else None
    names = [rest.take(rest.take(1)[0]).decode() for _ in range(models)]
    columns.times = _times(first_s, rest.planes("q", entries, _STEP_BYTES))
    columns.amounts = rest.planes("q", entries, amount_bytes)
    columns.categories[:] = rest.take(entries)
    columns.log_odds = {name: rest.planes("h", entries, _LOG_ODDS_BYTES) for name in names}
    columns.other_times = _times(first_other_s, rest.planes("q", others, _OTHER_STEP_BYTES))
    if rest.take(1, at_least=0):
        raise ValueError("more than the columns")


def _inflated(data: bytes) -> bytes:
    inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    inflated = inflate.decompress(data, _INFLATED_MAX)
    if not inflate.eof or inflate.unused_data:
        raise ValueError("cut off, too long, or followed by something")
    return inflated


class _Rest:
    """The inflated bytes, taken from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int, at_least: int | None = None) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) < (size if at_least is None else at_least):
            raise ValueError("cut off")
        self._at += size
        return taken

    def planes(self, kind: str, entries: int, width: int) -> "array[int]":
        column = array(kind)
        raw = bytearray(entries * column.itemsize)
        for place in range(width):
            raw[place :: column.itemsize] = self.take(entries)
        column.frombytes(bytes(raw))
        return column


def _planes(column: "array[int]", width: int) -> list[bytes]:
    """The lowest bytes of all entries, then their second ones, and so on."""
    raw = column.tobytes()
    return [raw[place :: column.itemsize] for place in range(width)]


def _steps(times: "array[int]") -> "array[int]":
    """Each time's distance from the one before it; 0 for the first."""
    return array("q", [0, *map(sub, times[1:], times)] if times else ())


def _times(first_s: int, steps: "array[int]") -> "array[int]":
    if not steps:
        return steps
    steps[0] = first_s
    return array("q", accumulate(steps))
