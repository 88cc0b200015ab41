"""The ledger table of one kind of worker in DynamoDB: the minutes that no longer stand on the lease rows.

An item is a part of a minute: hash key shard and epoch, range key minute and the checkpoint at which the part left
the row. Key and content follow from the row, so that putting a part again changes nothing. The table's TTL removes
what is older than any stream.
"""

from collections import defaultdict
from datetime import timedelta
from functools import partial
from typing import Any, Final

from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.attributes import number, string
from txn_core.dynamodb.table_shapes import EXPIRES_AT
from txn_core.positions import Position, SequenceNumber, ShardId
from workers.leases.lease import Lease
from workers.leases.ledger import Ledger, Minute, Sum, Tally, start_of
from workers.retries import UNLIMITED, Patience, retry_outages

KEPT: Final = timedelta(days=400)  # longer than a stream can hold its records
SHARD, PART = "shard", "part"


class LedgerTable:
    """Parts of ledgers, put and read."""

    def __init__(self, client: DynamoDBClient, name: str, patience: Patience = UNLIMITED) -> None:
        self._client, self._name, self._patience = client, name, patience

    async def put_leaving(self, shard_id: ShardId, ledger: Ledger) -> None:
        """Make the minutes durable that are leaving a row, through any outage."""
        for minute, noted in ledger.leaving.sums:
            put = partial(self._client.put_item, TableName=self._name, Item=_item(shard_id, ledger, minute, noted))
            await retry_outages("ledger", put, until=self._patience)

    async def tally(self, row: Lease, since: Minute) -> Tally:
        """All that the ledger of a row says of the minutes from `since` on, read consistently.

        The row must have been read before: a part that left it later is still on it and not counted twice.
        """
        if (ledger := row.ledger) is None:
            return Tally()
        # A part that is leaving the row may be in the table already, under the same name.
        leaving = {_part(minute, ledger): noted for minute, noted in ledger.leaving.sums}
        done = _within_shard(row.shard_id, ledger.through)
        sums = defaultdict(Sum, ledger.open.sums)
        for part, noted in (leaving | await self._parts(row.shard_id, ledger.epoch, since)).items():
            minute, left_at = part.split("#")
            if _within_shard(row.shard_id, left_at) <= done:
                sums[Minute(minute)] += noted
        return Tally.of({minute: noted for minute, noted in sums.items() if minute >= since})

    async def _parts(self, shard_id: ShardId, epoch: str, since: Minute) -> dict[str, Sum]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression="#shard = :shard AND #part >= :since",
            ExpressionAttributeNames={"#shard": SHARD, "#part": PART},
            ExpressionAttributeValues={":shard": string(_shard_key(shard_id, epoch)), ":since": string(since)},
            ConsistentRead=True,
        )
        items: Any = [item async for page in pages for item in page["Items"]]
        return {item[PART]["S"]: Sum.of_text(item["positions"]["N"], item["digest"]["S"]) for item in items}


def _shard_key(shard_id: ShardId, epoch: str) -> str:
    return f"{shard_id}#{epoch}"


def _part(minute: Minute, ledger: Ledger) -> str:
    return f"{minute}#{ledger.left_at}"


def _item(shard_id: ShardId, ledger: Ledger, minute: Minute, noted: Sum) -> dict[str, Any]:
    return {
        SHARD: string(_shard_key(shard_id, ledger.epoch)),
        PART: string(_part(minute, ledger)),
        "positions": number(noted.count),
        "digest": string(noted.digest_text),
        EXPIRES_AT: number(int((start_of(minute) + KEPT).timestamp())),
    }


def _within_shard(shard_id: ShardId, checkpoint: str) -> tuple[int, int]:
    number, sub = checkpoint.split("/")
    return Position(shard_id, SequenceNumber(number), int(sub)).within_shard()
