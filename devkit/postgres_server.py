"""A PostgreSQL server for tests and measurements, with a fresh database for each that asks."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from txn_cli.stack import ports
from txn_cli.stack.children.child import Child
from txn_cli.stack.postgres.cluster import local_cluster, url_of
from txn_cli.stack.postgres.server import postgres_spec


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server that runs."""

    port: int
    password: str
    pid: int

    def url(self, database: str) -> str:
        """The address of a database, as the server's owner."""
        return url_of(self.port, self.password, database=database)

    def new_database(self) -> str:
        """The address of a new, empty database."""
        import adbc_driver_postgresql.dbapi as adbc  # noqa: PLC0415 - the extra `warehouse`

        name = f"t{secrets.token_hex(6)}"
        with adbc.connect(self.url("txn"), autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(f"create database {name}")
        return self.url(name)


@asynccontextmanager
async def postgres_running(folder: Path, *, durable: bool = False) -> AsyncIterator[PostgresServer]:
    """A server for the time of the block; its data stays in the folder."""
    cluster, password = local_cluster(folder, durable=durable), "a-password"
    cluster.make(password)
    port = ports.choose()
    try:
        child = await Child.start(postgres_spec(cluster, port, folder.with_suffix(".log")))
        try:
            await child.answered()
            yield PostgresServer(port, password, child.pid)
        finally:
            await child.stop()
    finally:
        ports.release([port])
