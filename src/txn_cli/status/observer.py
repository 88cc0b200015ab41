"""Looks at stream, leases and metrics, and puts together a status."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from operations.drains.drain_reading import STORE_ERRORS, DrainReader, DrainReading
from txn_cli.output.failure import store_errors
from txn_cli.status.drain import Status, WorkerStatus
from txn_cli.status.index_layout import IndexLayout
from txn_cli.status.process import WorkerSaid, api_says, ingest_says, warehouse_says, worker_says
from txn_cli.status.process_urls import ProcessUrls
from txn_cli.status.wanted_model import WantedModel
from txn_core import drains
from txn_core.aws.clients import Aws
from txn_core.aws.errors import is_passing
from txn_core.aws.types import DynamoDBClient, KinesisClient
from txn_core.drains import INDEX, SCORE
from txn_core.dynamodb.tables import FIRST_GENERATION, TableNames
from txn_core.exceptions import StoreError
from txn_core.settings import Settings
from workers.reading.budget import look_pause_s, polling_drains
from workers.rebuild.lake_progress import LakeProgress


@dataclass(frozen=True, slots=True)
class Observer:
    """Observes the workers of one system; `urls` are those of its processes that can be asked.

    `wanted` is the model that is wanted for scores, where that is looked at, too.
    """

    kinesis: KinesisClient
    dynamodb: DynamoDBClient
    settings: Settings
    urls: ProcessUrls = field(default_factory=ProcessUrls)
    wanted: WantedModel | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, urls: ProcessUrls, wanted: WantedModel | None = None
    ) -> "AsyncIterator[Observer]":
        """An observer for the time of the block."""
        aws = Aws(settings)
        async with aws.kinesis() as kinesis, aws.dynamodb() as dynamodb:
            yield cls(kinesis, dynamodb, settings, urls, wanted)

    @property
    def pause_s(self) -> float:
        """The pause that is due between two looks, seconds."""
        return look_pause_s(self.settings)

    async def look(self) -> Status:
        """The status now.

        Raises:
            StoreError: stream or leases cannot be read.
        """
        with store_errors(f"read stream {self.settings.stream} or its leases", STORE_ERRORS):
            api = None if self.urls.api is None else await api_says(self.urls.api)
            ingest = None if self.urls.ingest is None else await ingest_says(self.urls.ingest)
            reader = DrainReader(self.kinesis, self.dynamodb, self.settings)
            registered = tuple(drains.REGISTRY.values())
            streams = dict.fromkeys(drain.stream(self.settings) for drain in registered)
            identities = {stream: await reader.identity(stream) for stream in streams}
            readings = [await reader.read(drain, identities[drain.stream(self.settings)]) for drain in registered]
            workers = [await self._worker(reading) for reading in readings if not reading.never_ran]
            warehouse = None if self.urls.warehouse is None else await warehouse_says(self.urls.warehouse)
            scores = any(worker.kind == SCORE.name for worker in workers)
            refused = await self.wanted.refused() if scores and self.wanted is not None else None
            index = await self._index()
            return Status.now(*workers, api=api, ingest=ingest, warehouse=warehouse, refused=refused, index=index)

    async def look_until_drained(self, timeout_s: float, tell: Callable[[Status], None]) -> Status | None:
        """Look until every worker has drained every shard, or the time is over; the last status, if there was one.

        `tell` hears of each. An outage in between is waited out.

        Raises:
            StoreError: stream or leases cannot be read, for a reason that does not pass by itself.
        """
        last: Status | None = None
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    last = await self.look()
                    tell(last)
            except TimeoutError:
                return last
            except StoreError as error:
                if not isinstance(error.__cause__, STORE_ERRORS) or not is_passing(error.__cause__):
                    raise
            if (last and last.drained) or loop.time() + self.pause_s >= deadline:
                return last
            await asyncio.sleep(self.pause_s)

    async def _index(self) -> IndexLayout | None:
        """How the index is laid out. Who may read stream and leases alone is told of the workers all the same."""
        try:
            return await IndexLayout.read(self.dynamodb, self.settings)
        except STORE_ERRORS as error:
            if is_passing(error):
                raise
            return None

    async def _worker(self, reading: DrainReading) -> WorkerStatus:
        drain, names = reading.drain, TableNames.of(self.settings)
        url = self.urls.workers.get(drain.name)
        said = WorkerSaid(None, {}, {}) if url is None else await worker_says(drain.name, url)
        built = drain is INDEX and names.generation != FIRST_GENERATION
        return WorkerStatus(
            drain.name,
            tuple(replace(shard, limit=said.limits.get(shard.shard_id)) for shard in reading.shards),
            said.counts,
            await LakeProgress(self.dynamodb, names.lake_progress).count() if built else None,
            said.ready,
            reading.amiss,
            polling_drains(self.settings, drain.stream(self.settings)),
            said.refused,
        )
