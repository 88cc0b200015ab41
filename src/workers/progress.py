"""How far a kind of worker has come, for those who only look: the stream's shards and their leases."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from txn_core.positions import ShardId
from workers.leases import Checkpoint, Lease
from workers.shards import list_shards

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

    from workers.lease_table import LeaseTable


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
