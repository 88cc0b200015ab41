"""Warehouses under test: a target with its folder, a way to load commits and build, and to look at the tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tests.warehouse.landing.commits import MadeCommit, batch_of
from tests.warehouse.run.fold import Tables
from txn_core.settings import Settings
from warehouse.postgres.session import PostgresSession
from warehouse.run.building import Builder, Extent
from warehouse.run.duckdb_target import DuckDbTarget
from warehouse.run.folder import WarehouseFolder
from warehouse.run.postgres_target import PostgresTarget

NOT_COMPARED = ("load_id", "job_group")
"""Loads are numbered as they come, and the groups of jobs have tests of their own."""
_COLUMNS = (
    "select column_name from information_schema.columns "
    "where {where} table_schema = '{schema}' and table_name = '{table}' order by ordinal_position"
)


@dataclass(frozen=True)
class WarehouseUnderTest:
    """A target that is loaded and built without a lake."""

    builder: Builder

    def load(self, commits: Iterable[MadeCommit]) -> None:
        """Load some commits at once."""
        landing = self.builder.target.landing().open()
        try:
            landing.load(batch_of(commits))
        finally:
            landing.close()

    async def build(self, *, full: bool = False) -> tuple[Extent, bool]:
        """Build and publish."""
        return await self.builder.build_and_publish(full=full)

    def tables(self, names: Iterable[str]) -> Tables:
        """Tables of star and marts as rows, in no order."""
        return {name: self._table("marts" if name in _MARTS else "star", name) for name in names}

    def wrongly_open(self) -> list[tuple[Any, ...]]:
        """Tables that a role may not read and should, or may and should not, where the engine has roles."""
        return []

    def _table(self, schema: str, name: str) -> list[tuple[Any, ...]]:
        raise NotImplementedError


_MARTS = ("cube_month", "customer_month", "kpi_day")
_STEWARD = ("dim_customer", "dim_customer_history")
_WRONGLY_OPEN = """
select relname::text, role from pg_class, unnest(array['txn_analyst', 'txn_steward']) as role
where relnamespace in ('star'::regnamespace, 'marts'::regnamespace) and relkind = 'r'
and has_table_privilege(role, pg_class.oid, 'select') = (role = 'txn_analyst' and relname like 'dim_customer%')
"""


@dataclass(frozen=True)
class OnDuckDb(WarehouseUnderTest):
    """Published files."""

    folder: WarehouseFolder

    def _table(self, schema: str, name: str) -> list[tuple[Any, ...]]:
        database = "steward" if name in _STEWARD else "warehouse"
        with duckdb.connect(self.folder.published(database), read_only=True) as connection:
            where = f"table_catalog = '{database}' and"
            found = connection.execute(_COLUMNS.format(where=where, schema=schema, table=name)).fetchall()
            columns = ", ".join(f'"{column}"' for (column,) in found if column not in NOT_COMPARED)
            return connection.execute(f"select {columns} from {schema}.{name}").fetchall()


@dataclass(frozen=True)
class OnPostgres(WarehouseUnderTest):
    """A database."""

    url: str

    def wrongly_open(self) -> list[tuple[Any, ...]]:
        with PostgresSession.open(self.url) as session:
            return session.rows(_WRONGLY_OPEN)

    def _table(self, schema: str, name: str) -> list[tuple[Any, ...]]:
        with PostgresSession.open(self.url) as session:
            found = session.rows(_COLUMNS.format(where="", schema=schema, table=name))
            columns = ", ".join(f'"{column}"' for (column,) in found if column not in NOT_COMPARED)
            return session.rows(f"select {columns} from {schema}.{name}")


def on_duckdb(root: Path, dbt: Path, lock: int) -> OnDuckDb:
    """A warehouse in a folder."""
    folder = WarehouseFolder(root)
    target = DuckDbTarget(folder, Settings(warehouse_threads=1, warehouse_wait_s=30))
    return OnDuckDb(Builder(target, dbt, folder.work, lock), folder)


def on_postgres(url: str, root: Path, dbt: Path, lock: int) -> OnPostgres:
    """A warehouse in a database; dbt writes into a folder."""
    return OnPostgres(Builder(PostgresTarget(url, wait_s=30), dbt, root / "work", lock), url)
