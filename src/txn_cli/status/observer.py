"""Looks at stream, leases and metrics, and puts together a status."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from txn_cli.output.failure import store_errors
from txn_cli.status.drain import Rest, ShardStatus, Status, WorkerStatus
from txn_cli.status.process import WorkerSaid, api_says, ingest_says, warehouse_says, worker_says
from txn_cli.status.process_urls import ProcessUrls
from txn_cli.status.tail import rest_behind
from txn_cli.status.wanted_model import WantedModel
from txn_core import drains
from txn_core.aws.clients import Aws
from txn_core.aws.errors import is_passing
from txn_core.aws.types import DynamoDBClient, KinesisClient
from txn_core.drains import INDEX, SCORE, DrainDefinition
from txn_core.dynamodb.tables import FIRST_GENERATION, TableNames
from txn_core.exceptions import StoreError
from txn_core.positions import ShardId
from txn_core.settings import Settings
from workers.leases.belonging import belonging, told
from workers.leases.lease import Checkpoint, Lease
from workers.leases.shards import list_shards
from workers.leases.stream_identity import StreamIdentity, summary_of
from workers.leases.table import LeaseTable
from workers.reading.budget import look_pause_s, polling_drains
from workers.rebuild.lake_progress import LakeProgress

STORE_ERRORS: Final = (ClientError, BotoCoreError, OSError)  # of which TimeoutError is one


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
            readers = tuple(drains.REGISTRY.values())
            streams = dict.fromkeys(drain.stream(self.settings) for drain in readers)
            identities = {stream: await self._identity(stream) for stream in streams}
            looked = [await self._worker(drain, identities[drain.stream(self.settings)]) for drain in readers]
            workers = [worker for worker, drain in zip(looked, readers, strict=True) if not _never_ran(worker, drain)]
            warehouse = None if self.urls.warehouse is None else await warehouse_says(self.urls.warehouse)
            scores = any(worker.kind == SCORE.name for worker in workers)
            refused = await self.wanted.refused() if scores and self.wanted is not None else None
            return Status.now(*workers, api=api, ingest=ingest, warehouse=warehouse, refused=refused)

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

    async def _identity(self, stream: str) -> StreamIdentity | None:
        """Which stream it is; None when that cannot be asked just now, so that it is not held against the leases."""
        try:
            return (await summary_of(self.kinesis, stream)).identity
        except STORE_ERRORS as error:
            if not is_passing(error):
                raise
            return None

    async def _worker(self, drain: DrainDefinition, identity: StreamIdentity | None) -> WorkerStatus:
        kind, names, stream = drain.name, TableNames.of(self.settings), drain.stream(self.settings)
        leases = {row.shard_id: row for row in await LeaseTable(self.dynamodb, names.leases(kind)).rows()}
        listed = await list_shards(self.kinesis, stream)
        found = None if identity is None else belonging(leases.values(), listed, identity)
        amiss, foreign = ("", ()) if found is None else (told(found, kind, stream), found.foreign)
        url = self.urls.workers.get(kind)
        said = WorkerSaid(None, {}, {}) if url is None else await worker_says(kind, url)
        shards = [
            replace(
                await self._shard(stream, shard_id, lease, foreign=lease in foreign), limit=said.limits.get(shard_id)
            )
            for shard_id, lease in ((shard.shard_id, leases.get(shard.shard_id)) for shard in listed)
        ]
        built = drain is INDEX and names.generation != FIRST_GENERATION
        lake = await LakeProgress(self.dynamodb, names.lake_progress).count() if built else None
        polling = polling_drains(self.settings, stream)
        return WorkerStatus(kind, tuple(shards), said.counts, lake, said.ready, amiss, polling, said.refused)

    async def _shard(self, stream: str, shard_id: ShardId, lease: Lease | None, *, foreign: bool) -> ShardStatus:
        rest: Rest | None = None
        checkpoint = Checkpoint() if lease is None else lease.checkpoint
        # Reading behind a checkpoint of another stream would be refused.
        if not (foreign or checkpoint.shard_ended):
            try:
                rest = await rest_behind(self.kinesis, stream, shard_id, checkpoint)
            except STORE_ERRORS as error:
                if not is_passing(error):
                    raise
        return ShardStatus(shard_id, lease, rest, foreign)


def _never_ran(worker: WorkerStatus, drain: DrainDefinition) -> bool:
    """Whether a system goes without a drain that it may go without: its process has never made a lease."""
    return drain.extra is not None and all(shard.lease is None for shard in worker.shards)
