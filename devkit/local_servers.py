"""The servers of the local stack alone, for tests and measurements."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from txn_cli.stack.children import leftovers
from txn_cli.stack.children.stack_supervisor import supervised
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.endpoints import Endpoints
from txn_cli.stack.foundation import prepared
from txn_cli.stack.narrator import Narrator


@asynccontextmanager
async def servers_running(data_dir: DataDir, narrator: Narrator | None = None) -> AsyncIterator[Endpoints]:
    """The three servers for the time of the block; their data stays in the folder."""
    narrator = narrator or Narrator()
    with data_dir.locked():
        async with (
            prepared(data_dir, narrator) as base,
            supervised(narrator, lambda pids: leftovers.note(data_dir, pids)) as supervisor,
        ):
            await base.start(supervisor, narrator)
            yield base.endpoints
