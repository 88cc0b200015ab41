"""Local servers on the load's core, bootstrapped, and the clients of a worker that is measured on the other core."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.process_stats import pinned
from bench.write_path.servers import LOAD_CORE, MEASURED_CORE
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.environment import adopt, stack_environment
from txn_cli.stack.foundation import servers_running
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.drains import DrainDefinition
from txn_core.objects import ObjectStore
from txn_core.settings import Settings
from workers.context import DrainContext
from workers.events.dead_letters import Seal
from workers.metrics import Meters

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_kinesis import KinesisClient


@dataclass(frozen=True, slots=True)
class Site:
    """What a worker works with."""

    settings: Settings
    kinesis: "KinesisClient"
    dynamodb: "DynamoDBClient"
    store: ObjectStore

    def context(self, drain: DrainDefinition) -> DrainContext:
        """What a host hands to a drain, with metrics of its own."""
        clients = self.kinesis, self.dynamodb, self.store
        return DrainContext(drain, self.settings, *clients, Seal.of(self.settings), Meters(drain.name))


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    """A site for the time of the block, in which this thread stays on the measured core."""
    async with AsyncExitStack() as stack:
        stack.enter_context(own_environment())
        data_dir = DataDir.at(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "data")
        with pinned(LOAD_CORE):
            endpoints = await stack.enter_async_context(servers_running(data_dir))
        settings = adopt(stack_environment(Secrets.of(data_dir), endpoints, api_port=0, given={}))
        aws = Aws(settings)
        kinesis = await stack.enter_async_context(aws.kinesis())
        dynamodb = await stack.enter_async_context(aws.dynamodb())
        s3 = await stack.enter_async_context(aws.s3())
        await bootstrap(settings)
        with pinned(MEASURED_CORE):
            yield Site(settings, kinesis, dynamodb, ObjectStore(s3, settings.lake_bucket))


@contextmanager
def own_environment() -> Iterator[None]:
    """Undo what settings and credentials for these servers change: what is measured next has servers of its own."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
