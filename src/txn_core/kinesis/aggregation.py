"""The KPL aggregation format: many user records in one Kinesis record.

    0xF3 0x89 0x9A 0xC2 | protobuf AggregatedRecord | MD5 of the protobuf

    message AggregatedRecord { repeated string partition_key_table = 1;
                               repeated string explicit_hash_key_table = 2;
                               repeated Record records = 3; }
    message Record { required uint64 partition_key_index = 1; optional uint64 explicit_hash_key_index = 2;
                     required bytes data = 3; repeated Tag tags = 4; }

Source: the KPL's aggregation-format.md. The four fields that matter are read and written here by hand: a generated
protobuf class costs several times as much and a dependency.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

MAGIC: Final = b"\xf3\x89\x9a\xc2"
_DIGEST_BYTES: Final = 16
_KEYS_FIELD, _HASH_KEYS_FIELD, _RECORDS_FIELD = 1, 2, 3
_KEY_INDEX_FIELD, _DATA_FIELD = 1, 3
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_NO_BYTES: Final = -1
_KEYS_TAG, _HASH_KEYS_TAG = (field << 3 | _BYTES for field in (_KEYS_FIELD, _HASH_KEYS_FIELD))
_SHORT_TABLES: Final = frozenset((_KEYS_TAG, _HASH_KEYS_TAG))


class Keyed(Protocol):
    """A record as it is handed over."""

    @property
    def partition_key(self) -> str:
        """What decides its shard."""

    @property
    def data(self) -> bytes:
        """Its bytes."""


class UserRecords(NamedTuple):
    """The records of a Kinesis record: their keys, and where they begin and end in its bytes, which are `data`.

    Bytes of its own for each record would cost as much as finding it. In an aggregate no record begins at 0, where
    the magic stands; a record that is no aggregate begins there.
    """

    partition_keys: list[str]
    data: bytes
    begins: list[int]
    ends: list[int]


# How nearly all sub-records begin: a length that takes two bytes, their key among the first 128, perhaps an explicit
# hash key likewise, and then only data, of a length that takes two bytes.
_USUAL_HEAD: Final = re.compile(
    rb"\x1a[\x80-\xff][\x00-\x7f]\x08[\x00-\x7f](?:\x10[\x00-\x7f])?\x1a[\x80-\xff][\x00-\x7f]", re.DOTALL
).match


class _BrokenMessageError(Exception):
    """The bytes between magic and digest are not the protobuf message."""


def aggregate(records: Sequence[Keyed], explicit_hash_key: str) -> bytes:
    """Pack user records into one; every one carries the explicit hash key of the whole.

    KCL discards an aggregate of which one sub-record hashes outside the shard, so all carry the hash that the
    record is sent with and land, read and stay together after a split.
    """
    keys: dict[str, int] = {}
    packed: list[bytes] = []
    varint = _SHORT_VARINTS.get
    for record in records:
        data = record.data
        size, index = len(data), keys.setdefault(record.partition_key, len(keys))
        head = b"\x08%b\x10\x00\x1a%b" % (varint(index) or _varint(index), varint(size) or _varint(size))
        size += len(head)
        packed += (b"\x1a", varint(size) or _varint(size), head, data)
    table = [b"\x0a" + _varint(len(key)) + key for key in map(str.encode, keys)]
    hash_key = explicit_hash_key.encode()
    message = b"".join((*table, b"\x12", _varint(len(hash_key)), hash_key, *packed))
    return b"".join((MAGIC, message, hashlib.md5(message, usedforsecurity=False).digest()))


def unpack(data: bytes, partition_key: str) -> UserRecords:
    """The user records of a Kinesis record, where they lie; one that is no aggregate is its own only user record.

    Bytes that begin with the magic but have another digest are a plain record that happens to begin so. Nothing
    is dropped, also not what lies outside the shard's range of hashes.
    """
    begin, end = len(MAGIC), len(data) - _DIGEST_BYTES
    if (
        not data.startswith(MAGIC)
        or begin > end
        or hashlib.md5(memoryview(data)[begin:end], usedforsecurity=False).digest() != data[end:]
    ):
        return UserRecords([partition_key], data, [0], [len(data)])
    try:
        return _usual_records(data, begin, end) or _any_records(data, begin, end)
    except _BrokenMessageError:
        return UserRecords([partition_key], data, [0], [len(data)])


def _usual_records(data: bytes, at: int, end: int) -> UserRecords | None:
    """The records of a message as our producer and the KPL write it, in one pass; none when it is another.

    This loop runs for every record of the stream: its steps are no functions of their own.
    """
    keys, at = _leading_keys(data, at, end)
    indexes: list[int] = []
    begins: list[int] = []
    ends: list[int] = []
    while at < end:
        if (head := _USUAL_HEAD(data, at, end)) is None:
            return None
        indexes.append(data[at + 4])
        begins.append(begin := head.end())
        ends.append(after := begin + (data[begin - 2] & 0x7F | data[begin - 1] << 7))
        if after - at != 3 + (data[at + 1] & 0x7F | data[at + 2] << 7):
            return None
        at = after
    if at != end or not indexes or max(indexes) >= len(keys):
        return None
    return UserRecords([keys[index] for index in indexes], data, begins, ends)


def _leading_keys(data: bytes, at: int, end: int) -> tuple[list[str], int]:
    """The keys at the message's beginning, and where the explicit hash keys behind them end."""
    keys: list[str] = []
    while at + 2 < end and (tag := data[at]) in _SHORT_TABLES and (length := data[at + 1]) < 0x80:
        begin, at = at + 2, at + 2 + length
        if tag == _KEYS_TAG:
            keys.append(data[begin:at].decode(errors="replace"))
    return keys, at


def _any_records(data: bytes, begin: int, end: int) -> UserRecords:
    keys: list[str] = []
    indexes: list[int] = []
    begins: list[int] = []
    ends: list[int] = []
    for field, first, last in _fields(data, begin, end):
        if field == _KEYS_FIELD and last != _NO_BYTES:
            keys.append(data[first:last].decode(errors="replace"))
        elif field == _RECORDS_FIELD and last != _NO_BYTES:
            index, start, stop = _record(data, first, last)
            indexes.append(index)
            begins.append(start)
            ends.append(stop)
    if not indexes or max(indexes) >= len(keys):
        # Handing on nothing would lose the record without a trace.
        raise _BrokenMessageError
    return UserRecords([keys[index] for index in indexes], data, begins, ends)


def _record(data: bytes, begin: int, end: int) -> tuple[int, int, int]:
    """The index of a record's key, and where its bytes begin and end."""
    index, found = -1, (0, _NO_BYTES)
    for field, first, last in _fields(data, begin, end):
        if field == _KEY_INDEX_FIELD and last == _NO_BYTES:
            index = first
        elif field == _DATA_FIELD and last != _NO_BYTES:
            found = first, last
    if index < 0 or found[1] == _NO_BYTES:
        raise _BrokenMessageError
    return index, *found


def _fields(data: bytes, at: int, end: int) -> list[tuple[int, int, int]]:
    """The fields of the protobuf message between two places: of a varint its number and `_NO_BYTES`, of anything else
    where its bytes begin and end.
    """
    fields: list[tuple[int, int, int]] = []
    while at < end:
        tag, at = (byte, at + 1) if (byte := data[at]) < 0x80 else _read_varint(data, at, end)
        kind = tag & 7
        if kind == _VARINT:
            value, at = _read_varint(data, at, end)
            fields.append((tag >> 3, value, _NO_BYTES))
            continue
        if kind == _BYTES:
            length, at = _read_varint(data, at, end)
        elif kind in {_FIXED32, _FIXED64}:
            length = 4 if kind == _FIXED32 else 8
        else:
            raise _BrokenMessageError
        if at + length > end:
            raise _BrokenMessageError
        fields.append((tag >> 3, at, at + length))
        at += length
    return fields


def _read_varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 64:
        if at >= end:
            raise _BrokenMessageError
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise _BrokenMessageError


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


# Nearly every length and index: looking one up takes a tenth of the time of making it.
_SHORT_VARINTS: Final = {value: _varint(value) for value in range(1 << 14)}
