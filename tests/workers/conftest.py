"""A world for workers: stream, tables and bucket on the real local servers, and hands to look inside."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from txn_cli.status.observer import Observer
from txn_core.aws import Aws
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import TransactionTable
from txn_core.kinesis.aggregation import UserRecord, aggregate
from txn_core.lake import DEAD_LETTER_PREFIX, RAW_PREFIX, Arrived, arrived_of, read_parquet
from txn_core.objects import ObjectStore
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.settings import Settings
from workers.dead_letters import DeadLetter, Seal
from workers.lease_table import LeaseTable
from workers.runner import Kind, work

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_kinesis import KinesisClient

WAIT_S_MAX = 20.0


async def until(what: Callable[[], Awaitable[bool]], *, within_s: float = WAIT_S_MAX) -> None:
    """Wait for a condition, looking now and then, at most so long."""
    deadline_s = time.monotonic() + within_s
    while not await what():
        assert time.monotonic() < deadline_s, "the condition did not come true in time"
        await asyncio.sleep(0.05)


@dataclass
class World:
    """The stores that workers stand between."""

    settings: Settings
    kinesis: "KinesisClient"
    dynamodb: "DynamoDBClient"
    store: ObjectStore
    transactions: TransactionTable
    sent: dict[Position, bytes] = field(default_factory=dict)

    def leases(self, kind: Kind) -> LeaseTable:
        return LeaseTable(self.dynamodb, TableNames(self.settings.table_prefix).leases(kind))

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

    async def drained(self, kind: Kind) -> bool:
        """Whether a kind of worker has done all that is on the stream."""
        status = await Observer(self.kinesis, self.dynamodb, self.settings).look()
        return all(worker.drained for worker in status.workers if worker.kind == kind)

    async def lake(self) -> list[Arrived]:
        """Every row of the lake, object by object."""
        rows: list[Arrived] = []
        async for key in self.store.keys(RAW_PREFIX):
            rows += arrived_of(read_parquet(await self.store.read(key)))
        return rows

    async def objects(self) -> dict[str, bytes]:
        """Every object of the bucket."""
        return {key: await self.store.read(key) async for key in self.store.keys("")}

    async def letters(self) -> list[DeadLetter]:
        """Every dead letter, opened."""
        seal = Seal.of(self.settings)
        return [seal.open(await self.store.read(key)) async for key in self.store.keys(DEAD_LETTER_PREFIX)]

    async def assert_lake_exact(self, poison: Sequence[Position] = ()) -> None:
        """Each position that was sent stands in the lake exactly once, with its bytes."""
        rows = await self.lake()
        assert len(rows) == len({row.position for row in rows}), "a position stands in the lake twice"
        expected = {place: data for place, data in self.sent.items() if place not in poison}
        assert {row.position: row.data for row in rows} == expected

    @asynccontextmanager
    async def working(self, *kinds: Kind, settings: Settings | None = None) -> AsyncIterator[None]:
        """Workers in this process for the time of the block, stopped gracefully."""
        stopping = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for kind in kinds:
                tasks.create_task(work(kind, settings or self.settings, stopping))
            try:
                yield
            finally:
                stopping.set()

    async def drain(self, *kinds: Kind, settings: Settings | None = None) -> None:
        """Let workers work until they have done all that is on the stream."""
        async with self.working(*kinds, settings=settings):
            for kind in kinds:
                await until(lambda kind=kind: self.drained(kind))  # type: ignore[misc]


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    """A world of its own for each test, with quick leases and small, quick flushes."""
    quick = settings.model_copy(
        update={
            "stream_shards": 1,
            "poll_idle_s": 0.2,
            "lease_failover_s": 1.5,
            "lease_renew_s": 0.3,
            "shard_sync_s": 0.5,
            "archive_flush_age_s": 0.3,
            "shutdown_deadline_s": 10.0,
        }
    )
    await bootstrap(quick)
    aws, names = Aws(quick), TableNames(quick.table_prefix)
    async with aws.kinesis() as kinesis, aws.dynamodb() as dynamodb, aws.s3() as s3:
        transactions = await TransactionTable.open(dynamodb, names.transactions)
        yield World(quick, kinesis, dynamodb, ObjectStore(s3, quick.bucket), transactions)
