"""A run of the real producer, with a real client, through a storm: load, a shutdown in its midst, the rest."""

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from devkit.kinesis_server.state.shard import StoredRecord
from prometheus_client import CollectorRegistry

from devkit.kinesis_server import KinesisServer
from tests.devkit.kinesis_server.builders import STREAM
from tests.devkit.kinesis_server.storm import LATE_S_MAX, Storm
from txn_core.exceptions import BufferFullError, NotStoredError
from txn_core.kinesis.aggregation import MAGIC
from txn_core.kinesis.landing import Landing
from txn_core.kinesis.producer import Producer
from txn_core.positions import Position, ShardId
from workers.leases.lease import Checkpoint
from workers.reading.reader import ShardReader

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

CARDS: Final = 12
SIZES: Final = (30, 30, 30, 200, 3_000, 40_000)
PAUSES_S: Final = (0.0, 0.002, 0.01, 0.05)
AGGREGATES_S_MAX: Final = 60.0
IMPATIENT: Final = 0.1  # of all waiters go away


@dataclass(slots=True)
class Handed:
    """A record that was handed over: what it was answered, and how often."""

    key: str
    data: bytes
    future: "asyncio.Future[Landing] | None" = None  # none: it was refused at once
    answers: int = 0

    def answered(self, _: object) -> None:
        """Count an answer."""
        self.answers += 1

    @property
    def given_up(self) -> bool:
        """Whether its waiter went away."""
        return self.future is not None and self.future.cancelled()

    @property
    def error(self) -> BaseException | None:
        """The error it was answered with."""
        return None if self.future is None or self.given_up else self.future.exception()

    @property
    def landing(self) -> Landing | None:
        """Where it landed, by its answer."""
        return None if self.future is None or self.given_up or self.error else self.future.result()


@dataclass(slots=True)
class StormRun:
    """A producer's run through a storm. After `run` everything that may happen has happened."""

    storm: Storm
    server: KinesisServer
    client: "KinesisClient"
    handed: list[Handed] = field(default_factory=list)
    bytes_held_max: int = 0
    unanswered: int = 0  # when the producer had closed
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    producer: Producer = field(init=False)

    def __post_init__(self) -> None:
        self.producer = Producer(
            self.client,
            STREAM,
            buffer_bytes_max=self.storm.buffer_bytes,
            requests_in_flight_max=self.storm.requests,
            deadline_s=self.storm.deadline_s,
            registry=self.registry,
        )

    async def run(self, *, aggregates_min: int = 0) -> None:
        """Load the stream until the shutdown, which comes in the midst of it, and wait for the last late call.

        The load goes on until so many aggregates are stored, however slow the machine is.
        """
        if self.storm.by_shards:
            await self.producer.route_by_shards()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._load())
            await asyncio.sleep(self.storm.load_s)
            async with asyncio.timeout(AGGREGATES_S_MAX):
                await self.server.until(lambda: len(self.aggregates()) >= aggregates_min)
            await self.producer.close(self.storm.close_deadline_s)
            self.unanswered = sum(each.future is not None and not each.future.done() for each in self.handed)
        # What is absent must be absent for good: calls that were left alone are still carried out.
        await asyncio.sleep(LATE_S_MAX)

    def aggregates(self) -> list[StoredRecord]:
        """The stored records that are aggregates."""
        return [record for record in self.server.stream(STREAM).records() if record.data.startswith(MAGIC)]

    async def read_back(self) -> Mapping[Position, bytes]:
        """Everything on the stream, as the workers read it."""
        self.server.faults.clear()
        self.server.stream_limits.clear()
        shards = list(self.server.stream(STREAM).shards)
        found = await asyncio.gather(*(self._read_shard(shard_id) for shard_id in shards))
        return {position: data for shard in found for position, data in shard.items()}

    async def _load(self) -> None:
        rng = self.storm.rng("load")
        with suppress(NotStoredError):  # the producer is closing
            while True:
                for _ in range(rng.choice([1, 1, 5, 25])):
                    self._hand_over(rng)
                await asyncio.sleep(rng.choice(PAUSES_S))

    def _hand_over(self, rng: random.Random) -> None:
        data = b"%06d." % len(self.handed)
        record = Handed(f"card{rng.randrange(CARDS)}", data.ljust(rng.choice(SIZES), b"."))
        self.handed.append(record)
        with suppress(BufferFullError):
            record.future = self.producer.submit(record.key, record.data)
            record.future.add_done_callback(record.answered)
            if rng.random() < IMPATIENT:
                asyncio.get_running_loop().call_later(rng.uniform(0.0, 0.3), record.future.cancel)
        self.bytes_held_max = max(self.bytes_held_max, self.producer.buffered_bytes)

    async def _read_shard(self, shard_id: str) -> Mapping[Position, bytes]:
        reader = ShardReader(self.client, STREAM, ShardId(shard_id), Checkpoint(), records_max=1_000, idle_s=0.0)
        found: dict[Position, bytes] = {}
        while True:
            batch = await reader.read()
            found |= {arrived.position: arrived.data for arrived in batch.records}
            if batch.at_tip or batch.ended:
                return found
