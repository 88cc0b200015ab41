"""Shards, maps and records on their way, with defaults for all that a test does not care about."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.support.fake_kinesis import FakeKinesis, hash_key_of
from txn_core.kinesis.lane import Lane, Pending
from txn_core.kinesis.shard_map import OpenShard, ShardMap

if TYPE_CHECKING:
    from txn_core.kinesis.landing import Landing


def shard_map(shards: int = 2, *, kinesis: FakeKinesis | None = None) -> ShardMap:
    """A map of so many shards of one size, or of a stream's open shards."""
    found = (kinesis or FakeKinesis(shard_count=shards)).open_shards
    return ShardMap(OpenShard(shard.shard_id, shard.start, shard.end) for shard in found)


def keys_of(kinesis: FakeKinesis, index: int, count: int = 1) -> Sequence[str]:
    """Partition keys that belong to an open shard."""
    shard = kinesis.open_shards[index]
    candidates = (f"card{number}" for number in range(10_000))
    found = [key for key in candidates if shard.start <= hash_key_of(key) <= shard.end]
    return found[:count]


def pending(lane: Lane | None = None, *, key: str = "card", data: bytes = b"data", deadline: float = 10.0) -> Pending:
    """A record on its way, which nobody waits for."""
    answer: asyncio.Future[Landing] = asyncio.Future(loop=_loop)
    return Pending(key, data, len(key) + len(data), deadline, answer, lane or Lane(key))


_loop = asyncio.new_event_loop()
_loop.close()
