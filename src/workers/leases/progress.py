"""How far a kind of worker has come, for those who only look: the stream's shards and their leases."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from txn_core.aws.types import KinesisClient
from txn_core.positions import ShardId
from workers.leases.belonging import Belonging, belonging
from workers.leases.lease import Checkpoint, Lease
from workers.leases.shards import list_shards
from workers.leases.stream_identity import StreamIdentity

if TYPE_CHECKING:
    from workers.leases.table import LeaseTable


@dataclass(frozen=True, slots=True)
class ShardProgress:
    """One shard and its lease; none when no worker has seen the shard yet."""

    shard_id: ShardId
    lease: Lease | None

    @property
    def checkpoint(self) -> Checkpoint:
        """How far the shard is done."""
        return Checkpoint() if self.lease is None else self.lease.checkpoint


@dataclass(frozen=True, slots=True)
class Progress:
    """One kind of worker over all shards. `belonging` is None when nobody says which stream it is."""

    shards: tuple[ShardProgress, ...]
    belonging: Belonging | None


async def progress(
    kinesis: KinesisClient, stream: str, leases: "LeaseTable", identity: StreamIdentity | None
) -> Progress:
    """Every shard that the stream lists with the lease that one kind of worker has on it.

    With the stream's identity it also says which of the leases belong to another stream.
    """
    rows = {lease.shard_id: lease for lease in await leases.rows()}
    shards = await list_shards(kinesis, stream)
    found = tuple(ShardProgress(shard.shard_id, rows.get(shard.shard_id)) for shard in shards)
    return Progress(found, None if identity is None else belonging(rows.values(), shards, identity))
