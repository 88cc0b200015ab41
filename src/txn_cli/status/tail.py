"""Reads what the stream holds behind a checkpoint, just far enough to decide."""

from typing import TYPE_CHECKING, Final

from txn_cli.status.drain import Rest
from txn_core.positions import ShardId
from workers.leases import Checkpoint
from workers.reader import Start, iterator_of, records_of

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

READS_MAX: Final = 50
"""AWS may answer empty pages for a while before the records that are there."""
READ_RECORDS: Final = 10
"""Enough to see a record behind the checkpoint's own; more would cost the workers their share of the shard."""


async def rest_behind(client: "KinesisClient", stream: str, shard_id: ShardId, checkpoint: Checkpoint) -> Rest:
    """What stands in a shard behind a checkpoint that is not its end."""
    iterator: str | None = await iterator_of(client, stream, shard_id, Start.after(checkpoint, shard_id))
    for _ in range(READS_MAX):
        assert iterator is not None  # noqa: S101 - the loop returns where a shard ends
        answer = await client.get_records(ShardIterator=iterator, Limit=READ_RECORDS)
        iterator = answer.get("NextShardIterator")
        at_tip = answer.get("MillisBehindLatest", 0) == 0
        arrived = [r for r in records_of(shard_id, answer["Records"]) if not checkpoint.covers(r.position)]
        if arrived or iterator is None:
            oldest = arrived[0].arrived_at if arrived else None
            cut_off = len(answer["Records"]) == READ_RECORDS or not at_tip
            return Rest(len(arrived), more=cut_off and iterator is not None, oldest=oldest, closed=iterator is None)
        if not answer["Records"] and at_tip:
            return Rest()
    return Rest(to_the_tip=False)
