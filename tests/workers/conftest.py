"""A world for workers: stream, tables and bucket on the real local servers, and hands to look inside."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from devkit.user_records import UserRecord

from txn_cli.status.observer import Observer
from txn_core.aws.clients import Aws
from txn_core.aws.objects import ObjectStore
from txn_core.bootstrap import bootstrap
from txn_core.drains import REGISTRY
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import TransactionTable
from txn_core.kinesis.aggregation import aggregate
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.lake.columns import arrived_of
from txn_core.lake.layout import DEAD_LETTER_PREFIX, RAW_PREFIX
from txn_core.lake.parquet import read_parquet
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.settings import Settings
from txn_core.transactions.event import Event
from workers.context import DrainContext
from workers.events.dead_letters import DeadLetter, Seal
from workers.hosts.process import work
from workers.leases.checkpointing import Checkpointer
from workers.leases.lease import Checkpoint
from workers.leases.ledger import Minute, Tally, tally_of
from workers.leases.ledger_table import LedgerTable
from workers.leases.table import LeaseTable
from workers.metrics import WorkerMetrics
from workers.reading.reader import ShardReader

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_kinesis import KinesisClient
    from types_aiobotocore_kinesis.type_defs import ShardTypeDef

WAIT_S_MAX = 150.0  # a process takes a minute to start where twenty others want its processor
PAUSE_S_MIN = 0.03
PAUSE_S_MAX = 0.3


def books_of(dynamodb: "DynamoDBClient", settings: Settings, kind: str) -> Checkpointer:
    """The ledgers of a kind of worker."""
    return Checkpointer(LedgerTable(dynamodb, TableNames.of(settings).ledger(kind)))


async def until(
    what: Callable[[], Awaitable[bool]], *, within_s: float = WAIT_S_MAX, pause_s_max: float = PAUSE_S_MAX
) -> None:
    """Wait for a condition, at most so long.

    Many conditions ask all stores, which takes more CPU time than what is waited for. So the pauses grow.
    """
    deadline_s, pause_s = time.monotonic() + within_s, PAUSE_S_MIN
    while not await what():
        assert time.monotonic() < deadline_s, "the condition did not come true in time"
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 1.5, pause_s_max)


@dataclass
class StackFixture:
    """The stores that workers stand between."""

    settings: Settings
    kinesis: "KinesisClient"
    dynamodb: "DynamoDBClient"
    store: ObjectStore
    transactions: TransactionTable
    sent: dict[Position, bytes] = field(default_factory=dict)

    def leases(self, kind: str) -> LeaseTable:
        return LeaseTable(self.dynamodb, TableNames(self.settings.table_prefix).leases(kind))

    def context(
        self, kind: str, metrics: WorkerMetrics | None = None, settings: Settings | None = None
    ) -> DrainContext:
        """What a host hands to a drain; with metrics of its own unless some are given."""
        settings, metrics = settings or self.settings, metrics or WorkerMetrics(kind)
        clients = self.kinesis, self.dynamodb, self.store
        return DrainContext(REGISTRY[kind], settings, *clients, Seal.of(settings), metrics)

    def checkpointer(self, kind: str) -> Checkpointer:
        return books_of(self.dynamodb, self.settings, kind)

    async def ledger(self, kind: str) -> Tally:
        """What a kind of worker has noted of all shards."""
        table = self.checkpointer(kind).table
        rows = await self.leases(kind).rows()
        return sum([await table.tally(row, Minute("0")) for row in rows], Tally())

    async def arrival_minutes(self) -> Tally:
        """What the ledger of one who has done everything says: the stream, read again."""
        found: list[StreamRecord] = []
        for shard in await self._shards():
            reader = ShardReader(
                self.kinesis,
                self.settings.stream,
                ShardId(shard["ShardId"]),
                Checkpoint(),
                records_max=100,
                idle_s=0.0,
            )
            while not ((batch := await reader.read()).at_tip or batch.ended):
                found += batch.records
            found += batch.records
        return tally_of(found)

    async def send(self, *events: bytes, hash_key: int | None = None, key: str = "card") -> list[Position]:
        """Put events one to a record, all at once."""
        where = {} if hash_key is None else {"ExplicitHashKey": str(hash_key)}
        answer = await self.kinesis.put_records(
            StreamName=self.settings.stream,
            Records=[{"Data": data, "PartitionKey": key, **where} for data in events],  # type: ignore[typeddict-item]
        )
        places = [Position(ShardId(r["ShardId"]), SequenceNumber(r["SequenceNumber"])) for r in answer["Records"]]
        self.sent |= dict(zip(places, events, strict=True))
        return places

    async def send_aggregate(self, *events: bytes, hash_key: int = 0) -> list[Position]:
        """Put events in one record."""
        data = aggregate([UserRecord("card", event) for event in events], str(hash_key))
        answer = await self.kinesis.put_record(
            StreamName=self.settings.stream, Data=data, PartitionKey="card", ExplicitHashKey=str(hash_key)
        )
        number, shard_id = SequenceNumber(answer["SequenceNumber"]), ShardId(answer["ShardId"])
        places = [Position(shard_id, number, sub) for sub in range(len(events))]
        self.sent |= dict(zip(places, events, strict=True))
        return places

    async def spread(self, *events: bytes) -> list[Position]:
        """Put events over all shards, each with a key of its own."""
        places: list[Position] = []
        for data in events:
            places += await self.send(data, key=f"card-{len(self.sent)}")
        return places

    async def split(self, shard_id: ShardId) -> None:
        """Split a shard in the middle."""
        (span,) = [s["HashKeyRange"] for s in await self._shards() if s["ShardId"] == shard_id]
        middle = (int(span["StartingHashKey"]) + int(span["EndingHashKey"])) // 2
        stream = self.settings.stream
        await self.kinesis.split_shard(StreamName=stream, ShardToSplit=shard_id, NewStartingHashKey=str(middle))
        await until(self._is_active)

    async def merge(self, one: ShardId, other: ShardId) -> None:
        """Merge two neighbours."""
        stream = self.settings.stream
        await self.kinesis.merge_shards(StreamName=stream, ShardToMerge=one, AdjacentShardToMerge=other)
        await until(self._is_active)

    async def remake(self, shards: int = 1) -> None:
        """Delete the stream with all that it held, and make it again under its name; what was sent is forgotten.

        It is made in another second, as it always is on AWS, where both take longer: sequence numbers begin with the
        second in which a stream was created, and those of two streams of one second would lie among each other.
        """
        stream = self.settings.stream
        await asyncio.sleep(1.0 - time.time() % 1.0)
        await self.kinesis.delete_stream(StreamName=stream)
        await until(self._is_gone)
        await self.kinesis.create_stream(StreamName=stream, ShardCount=shards)
        await until(self._is_active)
        self.sent.clear()

    async def _is_gone(self) -> bool:
        try:
            await self._is_active()
        except self.kinesis.exceptions.ResourceNotFoundException:
            return True
        return False

    async def _shards(self) -> "list[ShardTypeDef]":
        return (await self.kinesis.list_shards(StreamName=self.settings.stream))["Shards"]

    async def _is_active(self) -> bool:
        summary = await self.kinesis.describe_stream_summary(StreamName=self.settings.stream)
        return summary["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE"

    async def owners(self, kind: str) -> Counter[str]:
        """How many leases each worker has."""
        return Counter(row.owner for row in await self.leases(kind).rows() if row.owner is not None)

    async def drained(self, kind: str, settings: Settings | None = None) -> bool:
        """Whether a kind of worker has done all that is on the stream."""
        status = await Observer(self.kinesis, self.dynamodb, settings or self.settings).look()
        found = [worker for worker in status.workers if worker.kind == kind]  # none while an optional one never ran
        return bool(found) and all(worker.drained for worker in found)

    async def lake(self) -> list[StreamRecord]:
        """Every row of the lake, object by object."""
        rows: list[StreamRecord] = []
        async for key in self.store.keys(RAW_PREFIX):
            rows += arrived_of(read_parquet(await self.store.read(key)))
        return rows

    async def objects(self) -> dict[str, bytes]:
        """Every object of the bucket."""
        return {key: await self.store.read(key) async for key in self.store.keys("")}

    async def remove(self, key: str) -> None:
        """Remove an object, as an operator does with tools of S3; none of ours removes any."""
        await self.store._client.delete_object(Bucket=self.settings.lake_bucket, Key=key)

    async def dead_letters(self) -> list[DeadLetter]:
        """Every dead letter, opened."""
        seal = Seal.of(self.settings)
        return [seal.open(await self.store.read(key)) async for key in self.store.keys(DEAD_LETTER_PREFIX)]

    async def assert_index_exact(self) -> None:
        """Each id that was sent has one item, which is its event."""
        for data in set(self.sent.values()):
            event = Event.decode(data)
            stored = await self.transactions.get(event.account, event.transaction_id)
            assert stored is not None
            assert stored.event.encode() == data
            assert stored.conflicts == ()

    async def assert_lake_exact(self, poison: Sequence[Position] = ()) -> None:
        """Each position that was sent stands in the lake exactly once, with its bytes."""
        rows, poisoned = await self.lake(), frozenset(poison)
        assert len(rows) == len({row.position for row in rows}), "a position stands in the lake twice"
        expected = {place: data for place, data in self.sent.items() if place not in poisoned}
        assert {row.position: row.data for row in rows} == expected

    @asynccontextmanager
    async def working(self, *kinds: str, settings: Settings | None = None) -> AsyncIterator[None]:
        """Workers in this process for the time of the block, stopped gracefully."""
        stopping = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for kind in kinds:
                tasks.create_task(work(REGISTRY[kind], settings or self.settings, stopping))
            try:
                yield
            finally:
                stopping.set()

    async def drain(self, *kinds: str, settings: Settings | None = None) -> None:
        """Let workers work until they have done all that is on the stream."""
        async with self.working(*kinds, settings=settings):
            for kind in kinds:
                await until(lambda kind=kind: self.drained(kind, settings))  # type: ignore[misc]


@asynccontextmanager
async def world_of(settings: Settings, **changes: object) -> AsyncIterator[StackFixture]:
    """A world of its own, with quick leases and small, quick flushes."""
    quick = {
        "stream_shards": 1,
        "poll_idle_s": 0.2,
        "lease_failover_s": 1.5,
        "lease_renew_s": 0.3,
        "shard_sync_s": 0.5,
        "archive_flush_age_s": 0.3,
        "score_flush_s": 0.3,
        "shutdown_deadline_s": 10.0,
    }
    settings = settings.model_copy(update=quick | changes)
    await bootstrap(settings)
    aws, names = Aws(settings), TableNames(settings.table_prefix)
    async with aws.kinesis() as kinesis, aws.dynamodb() as dynamodb, aws.s3() as s3:
        transactions = await TransactionTable.open(dynamodb, names.transactions)
        yield StackFixture(settings, kinesis, dynamodb, ObjectStore(s3, settings.lake_bucket), transactions)


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[StackFixture]:
    """A world with one shard."""
    async with world_of(settings) as made:
        yield made


@pytest.fixture
async def wide_world(settings: Settings) -> AsyncIterator[StackFixture]:
    """A world with four shards."""
    async with world_of(settings, stream_shards=4) as made:
        yield made
