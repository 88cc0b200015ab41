"""Local servers on the load's core, bootstrapped, and the clients of a worker that is measured on the other core."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devkit.local_servers import servers_running
from devkit.site import Site

from bench.process_stats import pinned
from bench.write_path.servers import LOAD_CORE, MEASURED_CORE
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir
from txn_core.aws.clients import Aws
from txn_core.aws.objects import ObjectStore
from txn_core.bootstrap import bootstrap
from txn_core.drains import DrainDefinition
from txn_core.settings import Settings
from workers.context import DrainContext
from workers.events.dead_letters import Seal
from workers.metrics import WorkerMetrics

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_kinesis import KinesisClient


@dataclass(frozen=True, slots=True)
class Worker:
    """The settings and clients of a worker, and an ordinary client of DynamoDB for a peer."""

    settings: Settings
    kinesis: "KinesisClient"
    dynamodb: "DynamoDBClient"
    store: ObjectStore
    ordinary: "DynamoDBClient"

    def context(self, drain: DrainDefinition) -> DrainContext:
        """What a host hands to a drain, with metrics of its own."""
        clients = self.kinesis, self.dynamodb, self.store
        return DrainContext(drain, self.settings, *clients, Seal.of(self.settings), WorkerMetrics(drain.name))


@asynccontextmanager
async def site() -> AsyncIterator[Worker]:
    """A worker's surroundings for the time of the block, in which this thread stays on the measured core."""
    async with AsyncExitStack() as stack:
        data_dir = DataDir.at(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "data")
        with pinned(LOAD_CORE):
            endpoints = await stack.enter_async_context(servers_running(data_dir))
        settings = stack.enter_context(Site.on(endpoints, Secrets.of(data_dir))).settings
        aws = Aws(settings)
        kinesis = await stack.enter_async_context(aws.kinesis())
        dynamodb = await stack.enter_async_context(aws.dynamodb_writer())
        ordinary = await stack.enter_async_context(aws.dynamodb())
        s3 = await stack.enter_async_context(aws.s3())
        await bootstrap(settings)
        with pinned(MEASURED_CORE):
            yield Worker(settings, kinesis, dynamodb, ObjectStore(s3, settings.lake_bucket), ordinary)
