"""Notes the ends of shards that were split or merged, for a host that is handed records and never told of an end.

A worker that polls comes to the end of a closed shard by itself. An event source mapping hands over the records of a
shard when those of the shard's parents are done. So the records of a child are the sign to look at its parents: where
nothing stands in a parent behind the checkpoint, its row gets the end.

No record waits for that longer than `LOOK_S_MAX`: a parent whose reads are refused holds up no other shard.
"""

import asyncio
import math
from collections.abc import Iterable
from typing import Final

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from txn_core.aws.errors import code_of
from txn_core.aws.types import KinesisClient
from txn_core.positions import ShardId
from workers.leases.lease import Checkpoint, Lease
from workers.leases.table import LeaseTable
from workers.reading.reader import ShardReader

LOOK_S_MAX: Final = 2.0
"""For one look at a shard's parents."""
LOOK_EVERY_S: Final = 60.0
"""Between two looks at the parents of one shard, until the ends of all are noted."""

_log = structlog.get_logger(__name__)


class EndedParents:
    """What one process knows of the ends of its shards' parents."""

    def __init__(self, kinesis: KinesisClient, stream: str, leases: LeaseTable) -> None:
        self._kinesis, self._stream, self._leases = kinesis, stream, leases
        self._due_s: dict[ShardId, float] = {}
        self._readers: dict[tuple[ShardId, Checkpoint], ShardReader] = {}
        """Those that came to no result yet, and go on at the next look."""

    async def note(self, row: Lease) -> None:
        """Note the ends of the parents of a row's shard, and of their parents, when a look is due.

        What fails is logged and tried again at the next look.
        """
        now_s = asyncio.get_running_loop().time()
        if not row.parents or now_s < self._due_s.get(row.shard_id, -math.inf):
            return
        self._due_s[row.shard_id] = now_s + LOOK_EVERY_S
        try:
            async with asyncio.timeout(LOOK_S_MAX):
                if await self._all_ended(row.parents):
                    self._due_s[row.shard_id] = math.inf
        except (ClientError, BotoCoreError, OSError) as error:
            _log.warning("parents_not_looked_at", shard=row.shard_id, error=code_of(error))

    async def _all_ended(self, shard_ids: Iterable[ShardId]) -> bool:
        return all([await self._is_ended(shard_id) for shard_id in shard_ids])

    async def _is_ended(self, shard_id: ShardId) -> bool:
        """Whether a shard's row has the end, or gets it now, behind those of its own parents."""
        row = await self._leases.row(shard_id)
        if row is None or row.checkpoint.shard_ended:
            return True
        if row.owner is not None or row.plan is not None or not await self._all_ended(row.parents):
            return False
        return await self._is_finished(row) and await self._leases.write(row, row.ended())

    async def _is_finished(self, row: Lease) -> bool:
        """Whether reading on from a row comes to the end of its shard without a record."""
        key = row.shard_id, row.checkpoint
        reader = self._readers.setdefault(
            key, ShardReader(self._kinesis, self._stream, *key, records_max=1, idle_s=0.0)
        )
        while True:
            batch = await reader.read()
            if batch.records or batch.ended or batch.at_tip:
                self._readers.pop(key, None)
                return batch.ended and not batch.records
