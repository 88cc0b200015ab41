"""The ledger table of one kind of worker in DynamoDB: the minutes that no longer stand on the lease rows.

An item is a part of a minute: hash key shard and epoch, range key minute and the checkpoint at which the part left
the row. Key and content follow from the row, so that putting a part again changes nothing. The table's TTL removes
what is older than any stream.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from txn_core.dynamodb.attributes import number, string
from txn_core.dynamodb.tables import EXPIRES_AT
from txn_core.positions import Position, SequenceNumber, ShardId
from workers.leases.lease import Lease
from workers.leases.ledger import Ledger, Minute, Sum, Tally, start_of
from workers.retries import UNLIMITED, Patience, retry_outages

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

KEPT: Final = timedelta(days=400)  # longer than a stream can hold its records
SHARD, PART = "shard", "part"


class LedgerTable:
    """Parts of ledgers, put and read."""

    def __init__(self, client: "DynamoDBClient", name: str, patience: Patience = UNLIMITED) -> None:
        self._client, self._name, self._patience = client, name, patience

    async def put_leaving(self, shard_id: ShardId, ledger: Ledger) -> None:
        """Make the minutes durable that are leaving a row, through any outage."""
        for minute, noted in ledger.leaving.sums:
            item = _item(shard_id, ledger, minute, noted)
            put = partial(self._client.put_item, TableName=self._name, Item=item)
            await retry_outages("ledger", put, until=self._patience)

    async def tally(self, row: Lease, since: Minute) -> Tally:
        """All that the ledger of a row says of the minutes from `since` on, read consistently.

        The row must have been read before: a part that left it later is still on it and not counted twice.
        """
        ledger = row.ledger
        if ledger is None:
            return Tally()
        parts = [
            *((_Part(minute, ledger.left_at), noted) for minute, noted in ledger.leaving.sums),
            *await self._parts(row.shard_id, ledger.epoch, since),
        ]
        done = _within_shard(row.shard_id, ledger.through)
        known = {part: noted for part, noted in parts if _within_shard(row.shard_id, part.left_at) <= done}
        sums = defaultdict(Sum, ledger.open.sums)
        for part, noted in known.items():
            sums[part.minute] += noted
        return Tally.of({minute: noted for minute, noted in sums.items() if minute >= since})

    async def _parts(self, shard_id: ShardId, epoch: str, since: Minute) -> "Sequence[tuple[_Part, Sum]]":
        request: Any = {
            "TableName": self._name,
            "KeyConditionExpression": "#shard = :shard AND #part >= :since",
            "ExpressionAttributeNames": {"#shard": SHARD, "#part": PART},
            "ExpressionAttributeValues": {":shard": string(_shard_key(shard_id, epoch)), ":since": string(since)},
            "ConsistentRead": True,
        }
        found: list[tuple[_Part, Sum]] = []
        while True:
            answer = await self._client.query(**request)
            found += map(_part, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return found
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


@dataclass(frozen=True, slots=True)
class _Part:
    minute: Minute
    left_at: str


def _shard_key(shard_id: ShardId, epoch: str) -> str:
    return f"{shard_id}#{epoch}"


def _item(shard_id: ShardId, ledger: Ledger, minute: Minute, noted: Sum) -> dict[str, Any]:
    return {
        SHARD: string(_shard_key(shard_id, ledger.epoch)),
        PART: string(f"{minute}#{ledger.left_at}"),
        "positions": number(noted.count),
        "digest": string(noted.digest_text),
        EXPIRES_AT: number(int((start_of(minute) + KEPT).timestamp())),
    }


def _part(item: Any) -> tuple[_Part, Sum]:
    minute, left_at = item[PART]["S"].split("#")
    return _Part(Minute(minute), left_at), Sum.of_text(item["positions"]["N"], item["digest"]["S"])


def _within_shard(shard_id: ShardId, checkpoint: str) -> tuple[int, int]:
    number, sub = checkpoint.split("/")
    return Position(shard_id, SequenceNumber(number), int(sub)).within_shard()
