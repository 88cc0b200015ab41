"""Reads the leases of a drain, and what the stream holds behind their checkpoints."""

from dataclasses import dataclass
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from operations.drains.shard_status import Rest, ShardStatus
from operations.drains.tail import rest_behind
from txn_core.aws.errors import is_passing
from txn_core.aws.types import DynamoDBClient, KinesisClient
from txn_core.concurrency import side_by_side
from txn_core.drains import DrainDefinition
from txn_core.dynamodb.tables import TableNames
from txn_core.positions import ShardId
from txn_core.settings import Settings
from workers.leases.belonging import belonging, told
from workers.leases.lease import Checkpoint, Lease
from workers.leases.shards import list_shards
from workers.leases.stream_identity import StreamIdentity, summary_of
from workers.leases.table import LeaseTable

STORE_ERRORS: Final = (ClientError, BotoCoreError, OSError)  # of which TimeoutError is one
SHARDS_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class DrainReading:
    """One drain over all shards. `amiss` says in words that its leases are another stream's, or is empty."""

    drain: DrainDefinition
    shards: tuple[ShardStatus, ...]
    amiss: str = ""

    @property
    def never_ran(self) -> bool:
        """Whether a system goes without a drain that it may go without: its process has never made a lease."""
        return self.drain.extra is not None and all(shard.lease is None for shard in self.shards)


@dataclass(frozen=True, slots=True)
class DrainReader:
    """Reads the drains of one system."""

    kinesis: KinesisClient
    dynamodb: DynamoDBClient
    settings: Settings

    async def identity(self, stream: str) -> StreamIdentity | None:
        """Which stream it is; None when that cannot be asked just now, so that it is not held against the leases."""
        try:
            return (await summary_of(self.kinesis, stream)).identity
        except STORE_ERRORS as error:
            if not is_passing(error):
                raise
            return None

    async def read(self, drain: DrainDefinition, identity: StreamIdentity | None) -> DrainReading:
        """The drain now; `identity` is its stream's. Each shard costs one of its five reads a second, or two.

        Raises:
            ClientError: leases or shards cannot be listed. Of a shard that cannot be read just now, `rest` is None.
        """
        names, stream = TableNames.of(self.settings), drain.stream(self.settings)
        leases = {row.shard_id: row for row in await LeaseTable(self.dynamodb, names.leases(drain.name)).rows()}
        listed = await list_shards(self.kinesis, stream)
        found = None if identity is None else belonging(leases.values(), listed, identity)
        amiss, foreign = ("", ()) if found is None else (told(found, drain.name, stream), found.foreign)
        statuses: dict[ShardId, ShardStatus] = {}

        async def look(shard_id: ShardId) -> None:
            lease = leases.get(shard_id)
            statuses[shard_id] = await self._shard(stream, shard_id, lease, foreign=lease in foreign)

        shard_ids = [shard.shard_id for shard in listed]
        await side_by_side(shard_ids, look, workers=SHARDS_AT_ONCE)
        return DrainReading(drain, tuple(statuses[shard_id] for shard_id in shard_ids), amiss)

    async def _shard(self, stream: str, shard_id: ShardId, lease: Lease | None, *, foreign: bool) -> ShardStatus:
        rest: Rest | None = None
        checkpoint = Checkpoint() if lease is None else lease.checkpoint
        # Reading behind a checkpoint of another stream would be refused.
        if not (foreign or checkpoint.shard_ended):
            try:
                rest = await rest_behind(self.kinesis, stream, shard_id, checkpoint)
            except STORE_ERRORS as error:
                if not is_passing(error):
                    raise
        return ShardStatus(shard_id, lease, rest, foreign)
