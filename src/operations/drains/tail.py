"""Reads what the stream holds behind a checkpoint, just far enough to decide."""

from typing import Final

from operations.drains.shard_status import Rest
from txn_core.aws.types import KinesisClient
from txn_core.positions import ShardId
from workers.leases.lease import Checkpoint
from workers.reading.answers import UNKNOWN_ARRIVAL, raw_records
from workers.reading.read_position import Start, behind, records_of
from workers.reading.reader import iterator_of

READS_MAX: Final = 50
"""AWS may answer empty pages for a while before the records that are there."""
READ_RECORDS: Final = 10
"""Enough to see a record behind the checkpoint's own; more would cost the workers their share of the shard."""


async def rest_behind(client: KinesisClient, stream: str, shard_id: ShardId, checkpoint: Checkpoint) -> Rest:
    """What stands in a shard behind a checkpoint that is not its end."""
    iterator: str | None = await iterator_of(client, stream, shard_id, Start.after(checkpoint, shard_id))
    for _ in range(READS_MAX):
        assert iterator is not None  # noqa: S101 - the loop returns where a shard ends
        answer = await client.get_records(ShardIterator=iterator, Limit=READ_RECORDS)
        iterator = answer.get("NextShardIterator")
        at_tip = not answer.get("MillisBehindLatest")
        raw = raw_records(answer)
        arrived = behind(checkpoint, records_of(shard_id, raw))
        if arrived or iterator is None:
            oldest = next((run.arrived_at for run in arrived.runs if run.arrived_at != UNKNOWN_ARRIVAL), None)
            cut_off = len(raw) == READ_RECORDS or not at_tip
            return Rest(len(arrived), more=cut_off and iterator is not None, oldest=oldest, closed=iterator is None)
        if not raw and at_tip:
            return Rest()
    return Rest(to_the_tip=False)
