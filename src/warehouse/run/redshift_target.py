"""Redshift: one database. COPY reads the lake's bucket, and dbt runs in the environment of Amazon's driver."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import pyarrow as pa

from txn_core.exceptions import SettingsError, WarehouseBusyError
from txn_core.settings import Settings
from warehouse.landing.landing_port import Landing
from warehouse.landing.landing_tables import LOCK, SCHEMA
from warehouse.landing.redshift_landing import ManifestStore, RedshiftLanding
from warehouse.landing.redshift_roles import grant_redshift_roles
from warehouse.landing.redshift_session import RedshiftAddress, RedshiftError, Value
from warehouse.run.built_state import Rows, built_of, counts_of
from warehouse.run.targets import Built, Counts

PORT: Final = 5439
_CANCELLED: Final = "57014"


class RedshiftTarget:
    """A database by its settings."""

    def __init__(self, settings: Settings, store: ManifestStore) -> None:
        if settings.warehouse_redshift_url is None:
            raise SettingsError("TXN_WAREHOUSE_REDSHIFT_URL is not set: it names the Redshift to fill")
        self._parts = urlsplit(settings.warehouse_redshift_url.get_secret_value())
        self.address = RedshiftAddress(settings.warehouse_redshift_python, driver_keywords(self._parts))
        self._settings, self._store = settings, store

    @property
    def name(self) -> str:
        """See `Target`."""
        return "redshift"

    @property
    def environment(self) -> Mapping[str, str]:
        """See `Target`."""
        keywords = driver_keywords(self._parts)
        return {
            "WAREHOUSE_REDSHIFT_HOST": str(keywords["host"]),
            "WAREHOUSE_REDSHIFT_PORT": str(keywords["port"]),
            "WAREHOUSE_REDSHIFT_USER": str(keywords["user"]),
            "DBT_ENV_SECRET_WAREHOUSE_REDSHIFT_PASSWORD": str(keywords["password"]),
            "WAREHOUSE_REDSHIFT_DATABASE": str(keywords["database"]),
            "WAREHOUSE_REDSHIFT_SSLMODE": str(keywords.get("sslmode", "verify-ca")) if keywords["ssl"] else "disable",
        }

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """See `Target`: by a table's lock in a transaction of its own, since Redshift has no advisory locks."""
        self.landing().open()
        with self.address.session() as session:
            session.execute(f"set statement_timeout to {max(1, round(self._settings.warehouse_wait_s * 1000))}")
            session.execute("begin")
            try:
                session.execute(f"lock {SCHEMA}.{LOCK}")
            except RedshiftError as error:
                if error.code == _CANCELLED:
                    raise WarehouseBusyError(
                        "another run holds the warehouse in Redshift: wait for it, or end it"
                    ) from None
                raise
            try:
                yield
            finally:
                with suppress(RedshiftError):
                    session.execute("rollback")

    def landing(self) -> Landing:
        """See `Target`."""
        role, wait_s = self._settings.warehouse_redshift_copy_role, self._settings.warehouse_wait_s
        return RedshiftLanding(self.address.session, self._store, copy_role=role, wait_s=wait_s)

    def built(self) -> Built:
        """See `Target`."""
        with self._rows() as rows:
            return built_of(rows)

    def counts(self) -> Counts:
        """See `Target`."""
        with self._rows() as rows:
            return counts_of(rows)

    def has_table(self, schema: str, table: str) -> bool:
        """See `Target`."""
        query = "select 1 from information_schema.tables where table_schema = %s and table_name = %s"
        with self.address.session() as session:
            return bool(session.execute(query, schema, table))

    def batches(self, query: str) -> Iterator[pa.RecordBatch]:
        """See `Target`. The rows come as one batch: the driver holds an answer in memory as well."""
        own = query.format_map({name: name for name in ("landing", "star", "meta", "oltp")})
        with self.address.session() as session:
            yield _batch(*session.table(own))

    def publish(self) -> bool:
        """See `Target`: readers see a table as soon as it is built, and what they may see is set again."""
        if self._settings.warehouse_redshift_grants:
            with self.address.session() as session:
                grant_redshift_roles(session)
        return False

    @contextmanager
    def _rows(self) -> Iterator[Rows]:
        with self.address.session() as session:

            def rows(query: str) -> Sequence[Sequence[Any]]:
                return session.execute(query)

            yield rows


def driver_keywords(parts: SplitResult) -> Mapping[str, Value]:
    """What the driver's `connect` is called with: the address, and what its query names, such as `iam=true`.

    Raises:
        SettingsError: the address names no host or no database. The text does not repeat it.
    """
    if not parts.hostname or not parts.path.lstrip("/"):
        raise SettingsError("TXN_WAREHOUSE_REDSHIFT_URL: say redshift://USER:PASSWORD@HOST:5439/DATABASE")
    further: dict[str, Value] = {
        name: {"true": True, "false": False}.get(value, value) for name, value in parse_qsl(parts.query)
    }
    return {
        "host": parts.hostname,
        "port": parts.port or PORT,
        "database": unquote(parts.path.lstrip("/")),
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "ssl": True,
        **further,
    }


def _batch(columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> pa.RecordBatch:
    by_column = zip(*rows, strict=True) if rows else ([] for _ in columns)
    return pa.RecordBatch.from_arrays([pa.array(list(values)) for values in by_column], list(columns))
