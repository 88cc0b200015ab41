"""PostgreSQL: one database, whose tables readers see as soon as a model is built."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import pyarrow as pa

from txn_core.exceptions import SettingsError, WarehouseBusyError
from warehouse.landing.landing_port import Landing
from warehouse.landing.postgres_landing import PostgresLanding
from warehouse.postgres.roles import grant_roles
from warehouse.postgres.session import PostgresSession
from warehouse.run.built_state import built_of, counts_of
from warehouse.run.targets import Built, Counts

RUN_LOCK: Final = 0x74786E02
"""The advisory lock of a run (PostgreSQL documentation, "Advisory Locks"): a number of ours."""
PAUSE_S: Final = 0.2


class PostgresTarget:
    """A database by its address."""

    def __init__(self, url: str, *, wait_s: float) -> None:
        self._url, self._wait_s = url, wait_s

    @property
    def name(self) -> str:
        """See `Target`."""
        return "postgres"

    @property
    def environment(self) -> Mapping[str, str]:
        """See `Target`."""
        return postgres_environment(self._url)

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """See `Target`: by an advisory lock, which goes with the connection."""
        until = time.monotonic() + self._wait_s
        with PostgresSession.open(self._url) as session:
            while not session.rows(f"select pg_try_advisory_lock({RUN_LOCK})")[0][0]:
                if time.monotonic() >= until:
                    raise WarehouseBusyError("another run holds the warehouse in PostgreSQL: wait for it, or end it")
                time.sleep(PAUSE_S)
            yield

    def landing(self) -> Landing:
        """See `Target`."""
        return PostgresLanding(self._url, wait_s=self._wait_s)

    def built(self) -> Built:
        """See `Target`."""
        with PostgresSession.open(self._url) as session:
            return built_of(session.rows)

    def counts(self) -> Counts:
        """See `Target`."""
        with PostgresSession.open(self._url) as session:
            return counts_of(session.rows)

    def has_table(self, schema: str, table: str) -> bool:
        """See `Target`."""
        query = "select 1 from information_schema.tables where table_schema = $1 and table_name = $2"
        with PostgresSession.open(self._url) as session:
            return bool(session.rows(query, (schema, table)))

    def batches(self, query: str) -> Iterator[pa.RecordBatch]:
        """See `Target`."""
        own = query.format_map({name: name for name in ("landing", "star", "meta", "oltp")})
        with PostgresSession.open(self._url) as session, session.batches(own) as batches:
            yield from batches

    def publish(self) -> bool:
        """See `Target`: readers see each model when it is built; here the roles are made, and all grants set."""
        with PostgresSession.open(self._url) as session:
            grant_roles(session, wait_s=self._wait_s)
        return False


def postgres_environment(url: str) -> dict[str, str]:
    """What dbt's adapter needs of an address in libpq's form (PostgreSQL documentation, "Connection URIs").

    Raises:
        SettingsError: the address names no host or no database. The text does not repeat it.
    """
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    host, database = parts.hostname or options.get("host"), unquote(parts.path.lstrip("/")) or options.get("dbname")
    if not host or not database:
        raise SettingsError("TXN_WAREHOUSE_POSTGRES_URL: say postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    return {
        "WAREHOUSE_POSTGRES_HOST": host,
        "WAREHOUSE_POSTGRES_PORT": str(parts.port or options.get("port", 5432)),
        "WAREHOUSE_POSTGRES_USER": unquote(parts.username or options.get("user", "")),
        "DBT_ENV_SECRET_WAREHOUSE_POSTGRES_PASSWORD": unquote(parts.password or options.get("password", "")),
        "WAREHOUSE_POSTGRES_DATABASE": database,
        "WAREHOUSE_POSTGRES_SSLMODE": options.get("sslmode", "prefer"),
    }
