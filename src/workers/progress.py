"""How far a kind of worker has come, for those who only look: lease rows, and whether a shard is drained."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from txn_core.positions import ShardId
from workers.leases import Checkpoint, Lease
from workers.reader import Start, iterator_of, records_of
from workers.shards import list_shards

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

    from workers.lease_table import LeaseTable

READS_MAX: Final = 50
READ_RECORDS: Final = 10


@dataclass(frozen=True, slots=True)
class ShardProgress:
    """One shard and its lease; none when no worker has seen the shard yet."""

    shard_id: ShardId
    lease: Lease | None

    @property
    def checkpoint(self) -> Checkpoint:
        """How far the shard is done."""
        return Checkpoint() if self.lease is None else self.lease.checkpoint


async def progress(kinesis: "KinesisClient", stream: str, leases: "LeaseTable") -> list[ShardProgress]:
    """Every shard that the stream lists with the lease that one kind of worker has on it."""
    rows = {lease.shard_id: lease for lease in await leases.rows()}
    return [ShardProgress(s.shard_id, rows.get(s.shard_id)) for s in await list_shards(kinesis, stream)]


async def drained(kinesis: "KinesisClient", stream: str, shard: ShardProgress) -> bool:
    """Whether no record of a shard stands behind its checkpoint: it is done up to its tip or its end.

    Reads from the checkpoint on until a record or the tip shows, at most `READS_MAX` times (AWS may answer
    empty pages before the tip); then it is not drained.
    """
    if shard.checkpoint.shard_ended:
        return True
    iterator = await iterator_of(kinesis, stream, shard.shard_id, Start.after(shard.checkpoint, shard.shard_id))
    for _ in range(READS_MAX):
        answer = await kinesis.get_records(ShardIterator=iterator, Limit=READ_RECORDS)
        records = records_of(shard.shard_id, answer["Records"])
        if any(not shard.checkpoint.covers(record.position) for record in records):
            return False
        at_tip = not answer["Records"] and answer.get("MillisBehindLatest", 0) == 0
        if at_tip or not answer.get("NextShardIterator"):
            return True
        iterator = answer["NextShardIterator"]
    return False


async def all_drained(kinesis: "KinesisClient", stream: str, shards: Sequence[ShardProgress]) -> bool:
    """Whether every shard is drained, looked at one after the other: reads are a scarce good."""
    for shard in shards:
        if not await drained(kinesis, stream, shard):
            return False
    return True
