"""Which rows get their end when a child's records are handed over: on a stream and a table in memory."""

import asyncio
from typing import Any, cast

import pytest

from tests.support.virtual_time import in_virtual_time
from tests.workers.builders import ALICE, lease, shard
from tests.workers.hosts.test_unleased import now_s
from tests.workers.leases.test_stream_watch import refused
from tests.workers.memory_table import MemoryTable
from txn_core.aws.types import KinesisClient
from txn_core.positions import ShardId
from workers.hosts.ended_parents import LOOK_EVERY_S, LOOK_S_MAX, EndedParents
from workers.leases.lease import Checkpoint, Lease

CHILD = lease(9, parents=(shard(3), shard(4)))


class Shards:
    """A stream of closed shards, with what each still holds. An iterator is a shard's id."""

    def __init__(self) -> None:
        self.left: dict[ShardId, list[dict[str, Any]]] = {}
        self.gone: set[ShardId] = set()
        self.fault: Exception | None = None
        self.reads = 0

    async def list_shards(self, **_: Any) -> dict[str, Any]:
        return {"Shards": [{"ShardId": shard(9)}]}

    async def get_shard_iterator(self, **asked: Any) -> dict[str, Any]:
        if asked["ShardId"] in self.gone:
            raise refused("ResourceNotFoundException")
        return {"ShardIterator": asked["ShardId"]}

    async def get_records(self, **asked: Any) -> dict[str, Any]:
        self.reads += 1
        if self.fault is not None:
            raise self.fault
        return {"Records": self.left.get(asked["ShardIterator"], []), "NextShardIterator": None}


def parents_of(stream: Shards, table: MemoryTable) -> EndedParents:
    return EndedParents(cast("KinesisClient", stream), "stream", table)


def ended(table: MemoryTable) -> list[ShardId]:
    return sorted(row.shard_id for row in table.stored.values() if row.checkpoint.shard_ended)


@in_virtual_time
async def test_all_that_is_done_before_a_child_gets_its_end_once() -> None:
    """A parent without records was never handed over, and so its own parent was not looked at."""
    table, stream = MemoryTable(CHILD, lease(3, parents=(shard(1),)), lease(4), lease(1)), Shards()
    parents = parents_of(stream, table)
    for _ in range(3):
        await parents.note(CHILD)
    assert ended(table) == [shard(1), shard(3), shard(4)]
    assert stream.reads == 3


@pytest.mark.parametrize("kept", [lease(3, owner=ALICE), lease(3, checkpoint=Checkpoint("5"))])
@in_virtual_time
async def test_a_parent_that_is_not_done_gets_no_end(kept: Lease) -> None:
    """One that a worker holds, and one with a record behind the checkpoint. The other parent gets its end."""
    table, stream = MemoryTable(CHILD, kept, lease(4)), Shards()
    stream.left[shard(3)] = [{"SequenceNumber": "6", "Data": b"x", "PartitionKey": "k"}]
    await parents_of(stream, table).note(CHILD)
    assert ended(table) == [shard(4)]


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "InvalidArgumentException"])
@in_virtual_time
async def test_a_look_that_fails_is_over_soon_and_made_again_later(code: str) -> None:
    table, stream = MemoryTable(CHILD, lease(3), lease(4)), Shards()
    parents, began_s = parents_of(stream, table), now_s()
    stream.fault = refused(code)
    await parents.note(CHILD)
    assert now_s() - began_s <= LOOK_S_MAX
    stream.fault, reads = None, stream.reads
    await parents.note(CHILD)
    assert (ended(table), stream.reads) == ([], reads)
    await asyncio.sleep(LOOK_EVERY_S)
    await parents.note(CHILD)
    assert ended(table) == [shard(3), shard(4)]


@in_virtual_time
async def test_a_parent_that_has_left_the_stream_gets_its_end_once_that_is_sure() -> None:
    """By lists a pause apart, over several looks."""
    table, stream = MemoryTable(lease(9, parents=(shard(3),)), lease(3)), Shards()
    stream.gone.add(shard(3))
    parents, looks = parents_of(stream, table), 0
    while not ended(table):
        await parents.note(table.stored[shard(9)])
        await asyncio.sleep(LOOK_EVERY_S)
        looks += 1
    assert looks == 3
