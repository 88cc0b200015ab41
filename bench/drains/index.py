"""The index against the plain way: a bare loop of conditional PutItem of the same items by aiobotocore, made up
before, with the same concurrency. That client checks no parameters, as ours never did.
"""

import asyncio
import time
from typing import Any, Final

from bench.drains.fetched import events, fetched
from bench.drains.site import Worker, site
from bench.write_path.results import Result, at_least, compared, tell
from txn_core.drains import INDEX
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import IndexItem
from txn_core.positions import ShardId, WriteOrder
from txn_core.transactions.event import Event
from workers.index.index_drain import index_of
from workers.index.index_processor import Index, IndexProcessor
from workers.leases.held import HeldLease
from workers.leases.lease import Lease, WorkerName
from workers.metrics import ShardLag
from workers.reading.read_position import records_of
from workers.reading.reader import Batch

ITEMS: Final = 3_000
_ME: Final = WorkerName("bench")


async def measure(rounds: int) -> list[Result]:
    """Both in turn, round by round, after one round that does not count: it writes the merchants, too."""
    ours, limit = list[float](), list[float]()
    async with site() as at:
        index = await index_of(at.context(INDEX))
        for number in range(rounds + 1):
            ours.append(ITEMS / await _indexed(at, index, number))
            limit.append(ITEMS / await _put(at, index, number))
            tell(f"index round {number} ours {ours[-1]:7,.0f}/s limit {limit[-1]:7,.0f}/s")
    measure = (
        "index: items a CPU second, from fetched records, against a bare aiobotocore loop of conditional PutItem"
    )
    return [compared(measure, ours[1:], limit[1:], at_least(2.5), by="CPU")]


async def _indexed(at: Worker, index: Index, number: int) -> float:
    """CPU seconds for the records of a shard of its own."""
    shard_id = ShardId(f"shardId-{number:012d}")
    raw = fetched(list(events(ITEMS, name=f"ours-{number}")))
    leases, row = at.context(INDEX).leases, Lease(shard_id=shard_id, owner=_ME)
    await leases.create(row)
    processor = IndexProcessor(index, HeldLease(leases, row), ShardLag())
    began = time.process_time()
    await processor.take(Batch(records_of(shard_id, raw), at_tip=False, ended=False))
    await processor.finish()
    return time.process_time() - began


async def _put(at: Worker, index: Index, number: int) -> float:
    """CPU seconds for the same number of items, made up before."""
    shard_id = ShardId(f"shardId-{number:012d}")
    items: list[dict[str, Any]] = []
    for record in records_of(shard_id, fetched(list(events(ITEMS, name=f"bare-{number}")))):
        event = Event.decode(record.data)
        item = IndexItem.of(event, record.data, WriteOrder.of(event.accepted_at, record.position))
        items.append(index.transactions.attributes(item))
    waiting = iter(items)

    async def work_off() -> None:
        for item in waiting:
            await at.ordinary.put_item(
                TableName=TableNames.of(at.settings).transactions,
                Item=item,
                ConditionExpression="attribute_not_exists(id)",
            )

    began = time.process_time()
    async with asyncio.TaskGroup() as workers:
        for _ in range(index.writes_max):
            workers.create_task(work_off())
    return time.process_time() - began
