"""A lease table in memory: every answer can be decided by a test, and it takes no time."""

from txn_core.positions import ShardId
from workers.leases.lease import Lease
from workers.leases.table import LeaseTable


class MemoryTable(LeaseTable):
    """Rows by shard; writes are conditional as those of the table in DynamoDB are."""

    def __init__(self, *rows: Lease) -> None:
        self.stored = {row.shard_id: row for row in rows}

    async def rows(self) -> list[Lease]:
        return list(self.stored.values())

    async def row(self, shard_id: ShardId) -> Lease | None:
        return self.stored.get(shard_id)

    async def create(self, lease: Lease) -> bool:
        return self.stored.setdefault(lease.shard_id, lease) is lease

    async def write(self, seen: Lease, wanted: Lease) -> bool:
        if not self._is_as_seen(seen):
            return False
        self.stored[seen.shard_id] = wanted
        return True

    async def delete(self, seen: Lease) -> bool:
        if not self._is_as_seen(seen):
            return False
        del self.stored[seen.shard_id]
        return True

    def _is_as_seen(self, seen: Lease) -> bool:
        stored = self.stored.get(seen.shard_id)
        return stored is not None and (stored.owner, stored.counter) == (seen.owner, seen.counter)
