"""What stands before anything of ours runs: a held data directory, its secrets, and servers to be started."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from txn_cli.stack import nodepackages
from txn_cli.stack.binaries import Node, find_node, find_weed
from txn_cli.stack.children import leftovers
from txn_cli.stack.children.child import ChildSpec, StartError
from txn_cli.stack.children.stack_supervisor import Supervisor
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.endpoints import Endpoints
from txn_cli.stack.narrator import Narrator
from txn_cli.stack.postgres.cluster import PostgresCluster, derived_password, local_cluster, url_of
from txn_cli.stack.postgres.server import postgres_spec
from txn_cli.stack.servers import Programs, server_specs
from txn_cli.stack.stackports import DYNAMODB, KINESIS, POSTGRES, S3, StackPorts

PORT_TAKEN: Final = ("is taken", "address already in use", "Port allocation failed", "any TCP/IP sockets")
"""How our servers say that somebody has their port."""
MOVES_MAX: Final = 3


@dataclass(slots=True)
class Foundation:
    """A data directory that is ready for its servers. Starting them may change its ports.

    Attributes:
        postgres: the files of a PostgreSQL server, or None where nobody asked for one.
    """

    data_dir: DataDir
    secrets: Secrets
    programs: Programs
    ports: StackPorts
    postgres: PostgresCluster | None = None

    @property
    def servers(self) -> list[ChildSpec]:
        """The servers."""
        specs = server_specs(self.data_dir, self.programs, self.ports, self.secrets)
        if self.postgres is not None:
            specs.append(postgres_spec(self.postgres, self.ports.of[POSTGRES], self.data_dir.log(POSTGRES)))
        return specs

    @property
    def endpoints(self) -> Endpoints:
        """Where the servers will answer."""
        return Endpoints(
            kinesis_url=self.ports.url(KINESIS),
            dynamodb_url=self.ports.url(DYNAMODB),
            s3_url=self.ports.url(S3),
            access_key=self.secrets.access_key,
            secret_key=self.secrets.secret_key,
            postgres_url=self._postgres_url,
        )

    @property
    def _postgres_url(self) -> str | None:
        if self.postgres is None:
            return None
        return url_of(self.ports.of[POSTGRES], derived_password(self.secrets.secret_key))

    async def start(self, supervisor: Supervisor, narrator: Narrator) -> None:
        """Start the servers, the supervisor's first children; on other ports when some program took one meanwhile.

        Raises:
            StackError: a server does not start.
        """
        for _ in range(MOVES_MAX):
            try:
                return await supervisor.start(self.servers)
            except StartError as error:
                if not any(sign in str(error) for sign in PORT_TAKEN):
                    raise
                narrator.warn(f"{error}; trying other ports")
            await supervisor.stop()
            self.ports = self.ports.others(self.data_dir)
        return await supervisor.start(self.servers)


@asynccontextmanager
async def prepared(data_dir: DataDir, narrator: Narrator, *, postgres: bool = False) -> AsyncIterator[Foundation]:
    """A data directory that the caller holds locked, prepared: leftovers ended, programs installed, ports chosen.

    With `postgres` there is a PostgreSQL server among its servers.

    Raises:
        StackError: programs are missing, or a leftover process does not end.
    """
    for name in await asyncio.to_thread(leftovers.end, data_dir):
        narrator.warn(f"Ended {name}, left over from an earlier start")
    node, weed = find_node(), find_weed()
    programs = Programs(node, await _node_packages(data_dir, node, narrator), weed)
    base = Foundation(data_dir, Secrets.of(data_dir), programs, StackPorts.chosen(data_dir))
    if postgres:
        base.postgres = local_cluster(data_dir.root / POSTGRES)
        await asyncio.to_thread(base.postgres.make, derived_password(base.secrets.secret_key))
    try:
        yield base
    finally:
        base.ports.release()


async def _node_packages(data_dir: DataDir, node: Node, narrator: Narrator) -> Path:
    root = nodepackages.shared_root(data_dir.root)
    if (installed := nodepackages.installed_at(root)).is_dir():
        return installed
    with narrator.step("Installing the Node packages of the local servers, the first time only"):
        return await nodepackages.install(root, node)
