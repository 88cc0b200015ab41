"""What stands before anything of ours runs: a held data directory, its secrets, and servers to be started."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from txn_cli.stack import leftovers, nodepackages
from txn_cli.stack.binaries import find_node, find_weed
from txn_cli.stack.child import Child, ChildSpec
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.servers import DYNAMODB, KINESIS, S3, Programs, ServerPorts, server_specs


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the local servers are, and the lake's access key pair (the other two take any)."""

    kinesis_url: str
    dynamodb_url: str
    s3_url: str
    access_key: str
    secret_key: str


@dataclass(frozen=True, slots=True)
class Foundation:
    """A data directory that is ready for its servers."""

    data_dir: DataDir
    secrets: Secrets
    ports: ServerPorts
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


async def lay(data_dir: DataDir) -> Foundation:
    """Prepare a data directory that the caller holds locked: end leftovers, install, choose ports.

    Raises:
        StackError: programs are missing, or a leftover process does not end.
    """
    await asyncio.to_thread(leftovers.end, data_dir)
    node, weed = find_node(), find_weed()
    packages = await nodepackages.install(nodepackages.shared_root(data_dir.root), node)
    secrets, ports = Secrets.of(data_dir), ServerPorts.chosen(data_dir)
    specs = server_specs(data_dir, Programs(node, packages, weed), ports, secrets)
    return Foundation(data_dir, secrets, ports, tuple(specs))


@asynccontextmanager
async def servers_running(data_dir: DataDir) -> AsyncIterator[Endpoints]:
    """The three servers alone, unsupervised, for as long as the block runs; for tests and measurements."""
    with data_dir.locked():
        foundation = await lay(data_dir)
        children: list[Child] = []
        try:
            for spec in foundation.servers:
                children.append(await Child.start(spec))  # noqa: PERF401 - the started ones are stopped below
            leftovers.note(data_dir, {child.spec.name: child.pid for child in children})
            await asyncio.gather(*(child.answered() for child in children))
            yield foundation.endpoints
        finally:
            await asyncio.gather(*(child.stop() for child in children))
