"""What stands before anything of ours runs: a held data directory, its secrets, and servers to be started."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from txn_cli.stack import leftovers, nodepackages
from txn_cli.stack.binaries import Node, find_node, find_weed
from txn_cli.stack.child import ChildSpec
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.endpoints import Endpoints
from txn_cli.stack.narrator import Narrator
from txn_cli.stack.servers import Programs, server_specs
from txn_cli.stack.stackports import DYNAMODB, KINESIS, S3, StackPorts
from txn_cli.stack.supervisor import supervised


@dataclass(frozen=True, slots=True)
class Foundation:
    """A data directory that is ready for its servers."""

    data_dir: DataDir
    secrets: Secrets
    ports: StackPorts
    servers: tuple[ChildSpec, ...]

    @property
    def endpoints(self) -> Endpoints:
        """Where the servers will answer."""
        return Endpoints(
            kinesis_url=self.ports.url(KINESIS),
            dynamodb_url=self.ports.url(DYNAMODB),
            s3_url=self.ports.url(S3),
            access_key=self.secrets.access_key,
            secret_key=self.secrets.secret_key,
        )


async def lay(data_dir: DataDir, narrator: Narrator) -> Foundation:
    """Prepare a data directory that the caller holds locked: end leftovers, install, choose ports.

    Raises:
        StackError: programs are missing, or a leftover process does not end.
    """
    for name in await asyncio.to_thread(leftovers.end, data_dir):
        narrator.warn(f"Ended {name}, left over from an earlier start")
    node, weed = find_node(), find_weed()
    packages = await _node_packages(data_dir, node, narrator)
    secrets, ports = Secrets.of(data_dir), StackPorts.chosen(data_dir)
    specs = server_specs(data_dir, Programs(node, packages, weed), ports, secrets)
    return Foundation(data_dir, secrets, ports, tuple(specs))


async def _node_packages(data_dir: DataDir, node: Node, narrator: Narrator) -> Path:
    root = nodepackages.shared_root(data_dir.root)
    if nodepackages.is_installed(root):
        return nodepackages.installed_at(root)
    with narrator.step("Installing the Node packages of the local servers, the first time only"):
        return await nodepackages.install(root, node)


@asynccontextmanager
async def servers_running(data_dir: DataDir, narrator: Narrator | None = None) -> AsyncIterator[Endpoints]:
    """The three servers alone for the time of the block; for tests and measurements."""
    narrator = narrator or Narrator()
    with data_dir.locked():
        foundation = await lay(data_dir, narrator)
        async with supervised(narrator, lambda pids: leftovers.note(data_dir, pids)) as supervisor:
            await supervisor.start(foundation.servers)
            yield foundation.endpoints
