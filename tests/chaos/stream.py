"""The stream of a run: on our own Kinesis server with limits and faults, or on kinesalite, which can be killed."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from devkit.kinesis_server import KinesisServer
from tests.chaos.schedule import Schedule

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

ATTEMPTS_MAX: Final = 8
PAUSE_S: Final = 0.3


class Outer(NamedTuple):
    """A Kinesis record as it is stored."""

    shard_id: str
    sequence_number: str
    data: bytes


@dataclass(slots=True)
class Stream:
    """What the suite itself does to the stream. `server` is our own one, when the run is on it."""

    name: str
    client: "KinesisClient"
    server: KinesisServer | None

    def trouble(self, schedule: Schedule) -> None:
        """Let things go wrong by a schedule."""
        if self.server is None:
            return
        faults, stream_limits = self.server.faults, self.server.stream_limits
        stream_limits.enabled = True
        for put, rate in schedule.puts:
            faults.on_calls(put, operation="PutRecords", rate=rate)
        for record, rate in schedule.records:
            faults.on_records(record, rate=rate)
        for read, rate in schedule.reads:
            faults.on_calls(read, operation="GetRecords", rate=rate)
            faults.on_calls(read, operation="GetShardIterator", rate=rate)
            faults.on_calls(read, operation="ListShards", rate=rate)
        for subscription, rate in schedule.subscriptions:
            faults.on_calls(subscription, operation="SubscribeToShard", rate=rate)

    def calm(self) -> None:
        """Let nothing go wrong any more; the limits of AWS stay."""
        if self.server is not None:
            self.server.faults.clear()
            self.server.stream_limits.clear()
            self.server.stream_limits.enabled = True

    async def split(self, place: int) -> bool:
        """Split an open shard in the middle; false when the stream does not take it in time."""

        async def split() -> None:
            shards = await self._open_shards()
            shard = shards[place % len(shards)]
            start, end = (int(shard["HashKeyRange"][f"{name}HashKey"]) for name in ("Starting", "Ending"))
            await self.client.split_shard(
                StreamName=self.name, ShardToSplit=shard["ShardId"], NewStartingHashKey=str((start + end) // 2)
            )

        return await tried(split)

    async def merge(self, place: int) -> bool:
        """Merge two neighbours; false when there are none, or the stream does not take it in time."""

        async def merge() -> None:
            shards = await self._open_shards()
            if len(shards) > 1:
                lower = place % (len(shards) - 1)
                await self.client.merge_shards(
                    StreamName=self.name,
                    ShardToMerge=shards[lower]["ShardId"],
                    AdjacentShardToMerge=shards[lower + 1]["ShardId"],
                )

        return await tried(merge)

    async def throttle(self, place: int, for_s: float) -> bool:
        """Let one shard take and give next to nothing for a while."""
        if self.server is None:
            return False
        shards = self.server.stream(self.name).open_shards
        shard_id = shards[place % len(shards)].shard_id
        self.server.stream_limits.throttle(shard_id, writes=0.02, reads=0.2)
        await asyncio.sleep(for_s)
        self.server.stream_limits.release(shard_id)
        return True

    def expire_iterators(self) -> bool:
        """Let every iterator that was given out expire, and every subscription end."""
        if self.server is None:
            return False
        self.server.account.expire_iterators()
        self.server.account.expire_subscriptions()
        return True

    async def put(self, data: bytes, key: str) -> bool:
        """Put a record as a foreign producer does."""

        async def put() -> None:
            await self.client.put_record(StreamName=self.name, Data=data, PartitionKey=key)

        return await tried(put)

    async def stored(self) -> list[Outer]:
        """Every record that the stream holds."""
        if self.server is not None:
            records = self.server.stream(self.name).records()
            return [Outer(r.shard_id, r.sequence_number, r.data) for r in records]
        shards = await self._shards()
        return [record for shard in shards for record in await self._read(shard["ShardId"])]

    async def closed(self) -> set[str]:
        """The shards that were split or merged."""
        return {s["ShardId"] for s in await self._shards() if "EndingSequenceNumber" in s["SequenceNumberRange"]}

    async def shard_ids(self) -> list[str]:
        """Every shard."""
        return [shard["ShardId"] for shard in await self._shards()]

    async def parents(self) -> dict[str, tuple[str, ...]]:
        """Of each shard those that it was split from or merged of."""
        names = ("ParentShardId", "AdjacentParentShardId")
        return {
            shard["ShardId"]: tuple(shard[name] for name in names if name in shard) for shard in await self._shards()
        }

    async def _shards(self) -> list[Any]:
        answer = await self.client.list_shards(StreamName=self.name)
        return list(answer["Shards"])

    async def _open_shards(self) -> list[Any]:
        shards = [s for s in await self._shards() if "EndingSequenceNumber" not in s["SequenceNumberRange"]]
        return sorted(shards, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))

    async def _read(self, shard_id: str) -> list[Outer]:
        start: Any = await self.client.get_shard_iterator(
            StreamName=self.name, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
        )
        iterator, found = start["ShardIterator"], []
        while iterator:
            answer = await self.client.get_records(ShardIterator=iterator, Limit=500)
            found += [Outer(shard_id, r["SequenceNumber"], r["Data"]) for r in answer["Records"]]
            iterator = answer.get("NextShardIterator", "") if answer["Records"] else ""
        return found


async def tried(act: Any) -> bool:
    """Act, again when the stream is busy or away; false when it stays so."""
    for _ in range(ATTEMPTS_MAX):
        try:
            await act()
        except (ClientError, BotoCoreError, OSError):
            await asyncio.sleep(PAUSE_S)
        else:
            return True
    return False
