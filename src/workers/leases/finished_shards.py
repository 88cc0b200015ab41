"""Shards that were split or merged, of which nothing is left: their end is checkpointed where nobody reads them.

A worker that polls comes to the end of a closed shard by itself. A host that is handed records is never told of it.
"""

from collections.abc import Collection, Iterable

from txn_core.aws.types import KinesisClient
from workers.leases.lease import Lease
from workers.leases.shards import Shard
from workers.leases.table import LeaseTable
from workers.reading.reader import RECORDS_FIRST, ShardReader


async def end_finished(
    client: KinesisClient, stream: str, table: LeaseTable, rows: Iterable[Lease], shards: Collection[Shard]
) -> None:
    """Checkpoint the end of each row that nobody owns, whose shard is a parent and holds nothing behind the row."""
    parents = {parent for shard in shards for parent in shard.parents}.intersection(
        shard.shard_id for shard in shards
    )
    for row in rows:
        is_open = row.owner is None and row.plan is None and not row.checkpoint.shard_ended
        if is_open and row.shard_id in parents and await _is_finished(client, stream, row):
            await table.write(row, row.ended())


async def _is_finished(client: KinesisClient, stream: str, row: Lease) -> bool:
    """Whether reading on from a row comes to the end of its shard without a record."""
    reader = ShardReader(client, stream, row.shard_id, row.checkpoint, records_max=RECORDS_FIRST, idle_s=0.0)
    while True:
        batch = await reader.read()
        if batch.records or batch.ended or batch.at_tip:
            return batch.ended and not batch.records
