"""Many workers over many shards: what their scans cost, and who takes over when those that scan are gone."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.virtual_time import in_virtual_time
from tests.workers.builders import shard
from tests.workers.hosts.test_leased import SETTINGS, MemoryStream, worker
from tests.workers.memory_table import MemoryTable
from workers.leases.lease import Lease
from workers.leases.ownership import SCANNERS

WORKERS, SHARDS = 24, 48
SETTLED_S = 30.0


class CountingTable(MemoryTable):
    """Counts how often all rows are read."""

    scans = 0

    async def rows(self) -> list[Lease]:
        self.scans += 1
        return await super().rows()

    def owned(self) -> Counter[str]:
        """How many shards each worker has."""
        return Counter(row.owner for row in self.stored.values() if row.owner is not None)


@asynccontextmanager
async def fleet(table: CountingTable) -> AsyncIterator[dict[str, "asyncio.Task[None]"]]:
    """Workers by name, settled; a task that is cancelled is a process that was killed."""
    stream, stopping = MemoryStream(*((shard(i), ()) for i in range(SHARDS))), asyncio.Event()
    names = [f"worker-{i:02}" for i in range(WORKERS)]
    running = {name: asyncio.create_task(worker(stream, table, name).run(stopping)) for name in names}
    await asyncio.sleep(SETTLED_S)
    try:
        yield running
    finally:
        stopping.set()
        await asyncio.gather(*running.values(), return_exceptions=True)


@in_virtual_time
async def test_a_settled_fleet_reads_the_table_as_often_as_a_few_workers() -> None:
    """Not once a worker and pause: the table of 1,000 shards would be read beyond what DynamoDB gives."""
    table = CountingTable()
    async with fleet(table):
        assert set(table.owned().values()) == {SHARDS // WORKERS}
        before, pauses = table.scans, 30
        await asyncio.sleep(pauses * SETTINGS.lease_renew_s)
        assert pauses * SCANNERS <= table.scans - before <= pauses * (2 * SCANNERS + 1)


@in_virtual_time
async def test_what_workers_leave_behind_that_scan_is_taken_by_those_who_scan_next() -> None:
    """All that scan at the usual pause are killed at once. The others see it at their next scan, and share it."""
    table = CountingTable()
    async with fleet(table) as running:
        killed = sorted(running)[:SCANNERS]
        for name in killed:
            running[name].cancel()
        slow_s = WORKERS // SCANNERS * SETTINGS.lease_renew_s
        await asyncio.sleep(slow_s + SETTINGS.lease_failover_s + 6 * SETTINGS.lease_renew_s)
        assert not set(killed) & set(table.owned())
        assert sum(table.owned().values()) == SHARDS
        await asyncio.sleep(6 * slow_s)
        assert max(table.owned().values()) - min(table.owned().values()) <= 1


@in_virtual_time
async def test_a_seldom_scanner_that_is_killed_costs_no_more_time_than_in_a_small_fleet() -> None:
    """Those who scan at the usual pause see it after the failover time."""
    table = CountingTable()
    async with fleet(table) as running:
        last = max(running)
        running[last].cancel()
        await asyncio.sleep(SETTINGS.lease_failover_s + 5 * SETTINGS.lease_renew_s)
        assert last not in table.owned()
        assert sum(table.owned().values()) == SHARDS
