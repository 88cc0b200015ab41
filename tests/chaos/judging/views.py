"""What is found at the end: every record of the stream, item of the index, row of the lake and dead letter.

Read with plain clients, PyPI's reference reader of aggregated records, and pyarrow: what wrote the views has no part
in it, apart from the key that opens dead letters.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from tests.chaos.stream import Outer
from tests.support.reference_reader import by_reference
from txn_core.dynamodb.item_form import event_of
from txn_core.dynamodb.table_shapes import BY_CARD, BY_MERCHANT, BY_ORIGINAL
from workers.events.dead_letters import DeadLetter, Seal

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_s3 import S3Client


class Place(NamedTuple):
    """A position on the stream, ordered within its shard."""

    shard_id: str
    sequence_number: int
    sub_sequence_number: int


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the index. `order` and `conflicts` are (accepted_at, place)."""

    event: dict[str, Any]
    order: tuple[str, Place]
    conflicts: tuple[tuple[str, Place], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the lake."""

    place: Place
    columns: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Views:
    """All of it."""

    stream: dict[Place, bytes]
    items: dict[str, Item]
    indexed: dict[str, set[str]]  # the keys in each secondary index
    rows: Sequence[Row]
    letters: Sequence[DeadLetter]


def placed(records: Sequence[Outer]) -> dict[Place, bytes]:
    """The records of producers, aggregated ones taken apart."""
    return {
        Place(outer.shard_id, int(outer.sequence_number), sub): data
        for outer in records
        for sub, (_, data, _) in enumerate(by_reference(outer.data))
    }


async def items_of(client: "DynamoDBClient", table: str, index: str | None = None) -> dict[str, Any]:
    """Every item of a table, or of one of its secondary indexes, by its key."""
    found: dict[str, Any] = {}
    request: Any = {"TableName": table} | ({"IndexName": index} if index else {"ConsistentRead": True})
    async for page in client.get_paginator("scan").paginate(**request):
        found |= {item["id"]["S"]: item for item in page["Items"] if not item["id"]["S"].startswith("#")}
    return found


def item_of(stored: Any) -> Item:
    """An item as the table holds it."""
    return Item(
        event=json.loads(event_of(stored)),
        order=order_of(stored["order"]["S"]),
        conflicts=tuple(order_of(text) for text in stored.get("conflicts", {}).get("SS", ())),
    )


def order_of(text: str) -> tuple[str, Place]:
    """The order of a write: accepted_at#shard#digits-number#sub."""
    accepted_at, shard_id, number, sub = text.split("#")
    return accepted_at, Place(shard_id, int(number.partition("-")[2]), int(sub))


async def rows_of(client: "S3Client", bucket: str) -> list[Row]:
    """Every row of every object of the lake."""
    found: list[Row] = []
    for _, body in await objects_of(client, bucket, "raw/"):
        for columns in pq.read_table(pa.BufferReader(body)).to_pylist():
            shard_id, number = columns.pop("shard_id"), int(columns.pop("sequence_number"))
            found.append(Row(Place(shard_id, number, columns.pop("sub_sequence_number")), columns))
    return found


async def letters_of(client: "S3Client", bucket: str, seal: Seal) -> list[DeadLetter]:
    """Every dead letter, opened."""
    return [seal.open(body) for _, body in await objects_of(client, bucket, "dead-letters/")]


async def objects_of(client: "S3Client", bucket: str, prefix: str) -> list[tuple[str, bytes]]:
    """The objects under a prefix."""
    found: list[tuple[str, bytes]] = []
    async for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", ()):
            answer = await client.get_object(Bucket=bucket, Key=entry["Key"])
            found.append((entry["Key"], await answer["Body"].read()))
    return found


async def indexed_keys(client: "DynamoDBClient", table: str) -> dict[str, set[str]]:
    """Which transactions each secondary index finds."""
    return {index: set(await items_of(client, table, index)) for index in (BY_CARD, BY_MERCHANT, BY_ORIGINAL)}
