"""The moment before which all is in the lake: by the archive's leases, and by the stream where a shard is idle."""

from datetime import UTC, datetime

from operations.drains.tail import rest_behind
from txn_core.aws.types import DynamoDBClient, KinesisClient
from txn_core.drains import ARCHIVE
from txn_core.dynamodb.tables import TableNames
from txn_core.positions import ShardId
from txn_core.settings import Settings
from txn_core.transactions.instants import Instant, instant_of
from workers.leases.belonging import belonging
from workers.leases.completeness import complete_before
from workers.leases.lease import Lease
from workers.leases.shards import list_shards
from workers.leases.stream_identity import summary_of
from workers.leases.table import LeaseTable


async def lake_moment(kinesis: KinesisClient, dynamodb: DynamoDBClient, settings: Settings) -> Instant | None:
    """That moment; None where nothing tells, such as before the archive has begun.

    A shard of which nothing stands behind its checkpoint is complete up to when that was asked.
    """
    stream = settings.stream
    asked_at = datetime.now(UTC)
    identity = (await summary_of(kinesis, stream)).identity
    rows = await LeaseTable(dynamodb, TableNames.of(settings).leases(ARCHIVE.name)).rows()
    shards = await list_shards(kinesis, stream)
    if identity is not None and belonging(rows, shards, identity).foreign:
        return None  # and a checkpoint of another stream is no place to read from
    leases = {row.shard_id: row for row in rows}
    idle = [each.shard_id for each in shards if await _is_idle(kinesis, stream, each.shard_id, leases)]
    moment = complete_before(rows, shards, identity, dict.fromkeys(idle, asked_at))
    return None if moment is None else instant_of(moment)


async def _is_idle(kinesis: KinesisClient, stream: str, shard_id: ShardId, leases: dict[ShardId, Lease]) -> bool:
    """Whether nothing stands behind the archive's checkpoint in an open shard."""
    lease = leases.get(shard_id)
    if lease is None or lease.checkpoint.shard_ended:
        return False
    rest = await rest_behind(kinesis, stream, shard_id, lease.checkpoint)
    return rest.to_the_tip and not (rest.unread or rest.more or rest.closed)
