"""Searches everything that a stack has written for card numbers, decoded as far as it can be decoded."""

import base64
import re
import sys
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import aioboto3
import pyarrow as pa
import pyarrow.parquet as pq
from backports import zstd
from devkit.user_records import deaggregate

from fraud.history.card_history import CardHistory
from txn_core.dynamodb.item_form import dictionaries
from txn_core.exceptions import HistoryError

# Whatever stands between letters and digits hides no number; long enough to hold one is what is left.
_BETWEEN: Final = re.compile(r"[^0-9A-Za-z]+")
_RUN: Final = re.compile(r"[0-9]{8,}")
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{16,}")
_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2}){8,}")


@dataclass
class CardSearch:
    """Looks for given card numbers; `found` names the places, `searched` counts them by kind."""

    numbers: frozenset[str]
    lengths: frozenset[int] = field(init=False)
    found: list[str] = field(default_factory=list)
    searched: dict[str, int] = field(default_factory=dict)
    tables: Counter[str] = field(default_factory=Counter)  # items by table
    folders: Counter[str] = field(default_factory=Counter)  # objects by the first folder
    streams: Counter[str] = field(default_factory=Counter)  # records by stream

    def __post_init__(self) -> None:
        self.lengths = frozenset(map(len, self.numbers))

    def look(self, kind: str, place: str, value: object) -> None:
        """Search one value: as text, spaced, in digits of any script, as an integer, packed, and in any encoding."""
        self.searched[kind] = self.searched.get(kind, 0) + 1
        if any(self._holds(text) for text in _readings(value)):
            self.found.append(f"{kind} {place}")

    def look_raw(self, kind: str, place: str, value: bytes) -> None:
        """Search bytes as they are, or unpacked: for files whose content is searched decoded elsewhere."""
        self.searched[kind] = self.searched.get(kind, 0) + 1
        if any(self._holds(each.decode("latin-1")) for each in (value, _unpacked(value))):
            self.found.append(f"{kind} {place}")

    def _holds(self, text: str) -> bool:
        return any(map(self._in_digits, _RUN.findall(_BETWEEN.sub("", text))))

    def _in_digits(self, digits: str) -> bool:
        return any(
            digits[at : at + length] in self.numbers
            for length in self.lengths
            for at in range(len(digits) - length + 1)
        )


def _readings(value: object) -> Iterator[str]:
    """A value in all the ways that it may be read; of a structure also the bytes within it."""
    if isinstance(value, bytes):
        yield from _encodings(value.decode("latin-1"))
        if not value.isascii():
            yield from _scripts(value)
        if unpacked := _unpacked(value):
            yield from _readings(unpacked)
        return
    yield from _encodings(str(value))
    for inner in _bytes_within(value):
        yield from _readings(inner)


def _scripts(data: bytes) -> Iterator[str]:
    try:
        yield from _encodings(data.decode())
    except UnicodeDecodeError:
        return


def _encodings(text: str) -> Iterator[str]:
    """A text, and what is encoded in it."""
    yield _in_ascii_digits(text)
    if "%" in text:
        yield _in_ascii_digits(unquote(text))
    if "\\u" in text:
        yield _in_ascii_digits(_ESCAPED.sub(lambda match: chr(int(match[1], 16)), text))
    for token in _BASE64.findall(text):
        for at in range(4):  # what stands in front may look like a part of it
            yield _from_base64(token[at:])
    for token in _HEX.findall(text):
        yield bytes.fromhex(token).decode("latin-1")


def _from_base64(token: str) -> str:
    whole = token[:-1] if len(token) % 4 == 1 else token
    return base64.b64decode(whole + "=" * (-len(whole) % 4), altchars=b"-_").decode("latin-1")


def _in_ascii_digits(text: str) -> str:
    return text if text.isascii() else _other_digits().sub(lambda match: str(unicodedata.digit(match[0])), text)


@cache
def _other_digits() -> re.Pattern[str]:
    """A digit that Unicode writes in another way than ASCII does."""
    others = map(chr, range(128, sys.maxunicode + 1))
    return re.compile("[" + "".join(each for each in others if unicodedata.digit(each, None) is not None) + "]")


def _bytes_within(value: object) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _bytes_within(inner)


def _unpacked(data: bytes) -> bytes:
    """What gzip, zstd or the history of a card has made smaller, as far as it is there; nothing of other bytes."""
    try:
        if data.startswith(b"\x01"):
            return repr(CardHistory.unpack(data)).encode()
        if data.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data)
        if data.startswith(b"\x28\xb5\x2f\xfd"):
            return _unframed(data)
    except (zlib.error, zstd.ZstdError, HistoryError):
        pass  # its bytes are searched as they are
    return b""


def _unframed(frame: bytes) -> bytes:
    """What a frame of zstd holds, also by a dictionary of ours."""
    known = dictionaries().get(zstd.get_frame_info(frame).dictionary_id)
    return zstd.ZstdDecompressor(None if known is None else zstd.ZstdDict(known)).decompress(frame)


async def search_streams(search: CardSearch, ready: Mapping[str, Any], *, but: str | None = None) -> None:
    """Search every record of every stream, but one, taken apart, and its partition key."""
    async with _session(ready).client("kinesis", endpoint_url=ready["kinesis_url"]) as kinesis:
        for stream in (await kinesis.list_streams())["StreamNames"]:
            if stream != but:
                await _stream(search, kinesis, stream)


async def search_tables(search: CardSearch, ready: Mapping[str, Any]) -> None:
    """Search every item of every table."""
    async with _session(ready).client("dynamodb", endpoint_url=ready["dynamodb_url"]) as dynamodb:
        await _tables(search, dynamodb)


async def search_objects(search: CardSearch, ready: Mapping[str, Any]) -> None:
    """Search every object with its name and metadata, Parquet cell by cell."""
    async with _session(ready).client("s3", endpoint_url=ready["s3_url"]) as s3:
        await _objects(search, s3, ready["bucket"])


def search_files(search: CardSearch, folder: Path, kind: str = "file") -> None:
    """Search the bytes of every file below a folder."""
    for file in folder.rglob("*"):
        if file.is_file():
            search.look_raw(kind, str(file.relative_to(folder)), file.read_bytes())


def _session(ready: Mapping[str, Any]) -> aioboto3.Session:
    return aioboto3.Session(ready["access_key"], ready["secret_key"], region_name="us-east-1")


async def _stream(search: CardSearch, kinesis: Any, stream: str) -> None:
    for shard in (await kinesis.list_shards(StreamName=stream))["Shards"]:
        answer = await kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        iterator = answer["ShardIterator"]
        while iterator:
            answer = await kinesis.get_records(ShardIterator=iterator, Limit=1000)
            for record in answer["Records"]:
                search.streams[stream] += 1
                search.look("partition key", record["SequenceNumber"], record["PartitionKey"])
                for user_record in deaggregate(record["Data"], record["PartitionKey"]):
                    search.look("stream payload", record["SequenceNumber"], user_record.data)
            iterator = answer.get("NextShardIterator") if answer["Records"] else None


async def _tables(search: CardSearch, dynamodb: Any) -> None:
    for table in (await dynamodb.list_tables())["TableNames"]:
        async for page in dynamodb.get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                search.look("table item", table, item)
                search.tables[table] += 1


async def _objects(search: CardSearch, s3: Any, bucket: str) -> None:
    async for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", ()):
            key = entry["Key"]
            search.folders[key.partition("/")[0]] += 1
            answer = await s3.get_object(Bucket=bucket, Key=key)
            search.look("object name and metadata", key, f"{key} {answer['Metadata']}")
            body = await answer["Body"].read()
            search.look("object", key, body)
            if key.endswith(".parquet"):
                search_cells(search, key, pq.read_table(pa.BufferReader(body)))


def search_cells(search: CardSearch, key: str, table: pa.Table) -> None:
    """Search the names and the distinct values of a table's columns."""
    search.look("parquet schema", key, table.schema.to_string(truncate_metadata=False))
    for name in table.column_names:
        for value in set(map(str, table[name].to_pylist())):
            search.look("parquet cell", f"{key} {name}", value)
