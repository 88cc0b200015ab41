"""Reads what the scorer has made: its log, tables and stream, with plain clients wherever that is possible."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from fraud.records.case import Case
from fraud.records.documents import record_of
from fraud.records.score_row import ScoreRow
from fraud.scoring.score_log import rows_of
from tests.chaos.judging.scores.evidence import StoredAlert
from tests.chaos.judging.views import objects_of
from txn_core.dynamodb.card_states import CardStateDocument, StoredCardState
from txn_core.lake.layout import SCORES_PREFIX

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_s3 import S3Client


async def log_of(client: "S3Client", bucket: str) -> list[ScoreRow]:
    """Every row of every object of the score log."""
    objects = await objects_of(client, bucket, SCORES_PREFIX)
    return [row for _, body in objects for row in rows_of(pq.read_table(pa.BufferReader(body)))]


async def scanned(client: "DynamoDBClient", table: str) -> list[dict[str, Any]]:
    """Every item of a table."""
    found: list[Any] = []
    async for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        found += page["Items"]
    return found


def items_by_record(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The items of the table of scores by their keys."""
    return {f"{item['id']['S']}#{item['record']['S']}": item for item in items}


def states_of(items: Sequence[Mapping[str, Any]]) -> dict[str, StoredCardState]:
    """The states of cards by their keys."""
    return {item["card"]["S"]: _state(item) for item in items}


def _state(item: Mapping[str, Any]) -> StoredCardState:
    applied = {shard: place["S"] for shard, place in item["applied"]["M"].items()}
    return StoredCardState(CardStateDocument(bytes(item["history"]["B"]), applied), int(item["version"]["N"]))


def alerts_of(items: Sequence[Mapping[str, Any]]) -> list[StoredAlert]:
    """The alerts as they are stored."""
    return [StoredAlert(item["document"]["S"].encode(), item["published"]["BOOL"]) for item in items]


def cases_of(items: Sequence[Mapping[str, Any]]) -> list[Case]:
    """The cases; the items that number the cases of a card hold none."""
    return [record_of(Case, item["document"]["S"]) for item in items if "document" in item]
