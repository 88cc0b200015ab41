"""Searches everything that a stack has written for card numbers, decoded as far as it can be decoded."""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import aioboto3
import pyarrow as pa
import pyarrow.parquet as pq

from txn_core.kinesis.aggregation import deaggregate

# Digits with at most one separator between each two, long enough to hold a card number.
_RUN: Final = re.compile(r"[0-9](?:[ ./_-]?[0-9]){7,}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2}){8,}")


@dataclass
class CardSearch:
    """Looks for given card numbers; `found` names the places, `searched` counts them by kind."""

    numbers: frozenset[str]
    lengths: frozenset[int] = field(init=False)
    found: list[str] = field(default_factory=list)
    searched: dict[str, int] = field(default_factory=dict)
    tables: Counter[str] = field(default_factory=Counter)  # items by table

    def __post_init__(self) -> None:
        self.lengths = frozenset(map(len, self.numbers))

    def look(self, kind: str, place: str, value: object) -> None:
        """Search one value: as text, spaced, as an integer, percent-encoded, in base64, in hex."""
        self.searched[kind] = self.searched.get(kind, 0) + 1
        if any(self._holds(text) for text in _readings(value)):
            self.found.append(f"{kind} {place}")

    def look_raw(self, kind: str, place: str, value: bytes) -> None:
        """Search bytes as they are: for files whose content is searched decoded elsewhere."""
        self.searched[kind] = self.searched.get(kind, 0) + 1
        if self._holds(value.decode("latin-1")):
            self.found.append(f"{kind} {place}")

    def _holds(self, text: str) -> bool:
        return any(self._in_digits(re.sub(r"[^0-9]", "", run)) for run in _RUN.findall(text))

    def _in_digits(self, digits: str) -> bool:
        return any(
            digits[at : at + length] in self.numbers
            for length in self.lengths
            for at in range(len(digits) - length + 1)
        )


def _readings(value: object) -> Iterator[str]:
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    yield text
    if "%" in text:
        yield unquote(text)
    for token in _BASE64.findall(text):
        padded = token.rstrip("=") + "=" * (-len(token.rstrip("=")) % 4)
        try:
            yield base64.b64decode(padded, altchars=b"-_" if set(token) & set("-_") else None).decode("latin-1")
        except binascii.Error:
            continue
    for token in _HEX.findall(text):
        yield bytes.fromhex(token).decode("latin-1")


async def search_stack(search: CardSearch, ready: dict[str, Any], data_dir: Path, output: Iterable[bytes]) -> None:
    """Search the stream, the tables, the objects with their metadata, the files underneath and all output."""
    await search_stream(search, ready)
    await search_tables(search, ready)
    await search_objects(search, ready)
    for number, text in enumerate(output):
        search.look("process output", str(number), text)
    search_files(search, data_dir)


async def search_stream(search: CardSearch, ready: Mapping[str, Any]) -> None:
    """Search every record of the stream, taken apart, and its partition key."""
    async with _session(ready).client("kinesis", endpoint_url=ready["kinesis_url"]) as kinesis:
        await _stream(search, kinesis, ready["stream"])


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
            answer = await s3.get_object(Bucket=bucket, Key=key)
            search.look("object name and metadata", key, f"{key} {answer['Metadata']}")
            body = await answer["Body"].read()
            search.look("object", key, body)
            if key.endswith(".parquet"):
                _cells(search, key, pq.read_table(pa.BufferReader(body)))


def _cells(search: CardSearch, key: str, table: pa.Table) -> None:
    search.look("parquet schema", key, table.schema.to_string())
    for name in table.column_names:
        for value in set(map(str, table[name].to_pylist())):
            search.look("parquet cell", f"{key} {name}", value)
