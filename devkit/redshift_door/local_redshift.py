"""The door on a PostgreSQL that runs, with fresh databases for tests and measurements."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import adbc_driver_postgresql.dbapi as adbc

from devkit.postgres_server import PostgresServer
from devkit.redshift_door import door
from devkit.redshift_door.parquet_copy import Objects
from txn_cli.stack.postgres.cluster import url_of


@dataclass(frozen=True, slots=True)
class LocalRedshift:
    """A door that is open."""

    port: int
    server: PostgresServer

    def new_database(self) -> str:
        """The name of a new database with Redshift's catalogue."""
        url = self.server.new_database()
        with adbc.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(door.catalogue())
        return url.rpartition("/")[2]

    def url(self, database: str) -> str:
        """The address of a database through the door, as the server's owner."""
        return url_of(self.port, self.server.password, database=database)


@contextmanager
def local_redshift(server: PostgresServer, objects: Objects) -> Iterator[LocalRedshift]:
    """The door for the time of the block; COPY reads these objects."""
    with door.running(door.Behind("127.0.0.1", server.port, objects)) as port:
        yield LocalRedshift(port, server)
