"""Builds in a folder: each has tables of its own, and an object names the one that readers are to read.

A build is complete when its last model is written (`meta.run`): tests that each build makes come before it. So what
is complete follows from the folder, and a build that was killed is one that never ends.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from txn_core.exceptions import WarehouseError
from warehouse.landing.duckdb_landing import refused
from warehouse.landing.landed_loads import LandedLoads
from warehouse.landing.parquet_landing import LANDING_SCHEMA, MANIFEST, POSITIONS
from warehouse.landing.table_place import TablePlace

BUILDS: Final = "builds"
POINTER: Final = "published.json"
_LAST_TABLE: Final = "meta.db/run"
_DIGITS: Final = 8
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Builds:
    """The builds of a place. A build's name is its number, with leading zeros."""

    place: TablePlace

    def names(self) -> list[str]:
        """The builds that were begun, in their order."""
        return sorted(name for name in self.place.folders(BUILDS) if name.isdigit())

    def next(self) -> str:
        """The name of a build that nobody has begun."""
        return f"{1 + max(map(int, (*self.names(), self.published() or '0')))}".zfill(_DIGITS)

    def newest(self) -> str | None:
        """The newest build that is complete."""
        done = (name for name in reversed(self.names()) if self.place.has(f"{BUILDS}/{name}/{_LAST_TABLE}/_SUCCESS"))
        return next(done, None)

    def published(self) -> str | None:
        """The build that readers are told to read; None where nothing tells, or where it cannot be read."""
        body = self.place.read(POINTER)
        try:
            return None if body is None else str(int(json.loads(body)["build"])).zfill(_DIGITS)
        except (ValueError, KeyError, TypeError):
            return None

    def publish(self, build: str) -> None:
        """Tell readers to read a build. The former one stays for those who read it; all others go."""
        former = self.published()
        tables = f"{self.place.address}/{BUILDS}/{build}"
        self.place.write(POINTER, json.dumps({"build": build, "tables": tables}).encode())
        grace = timedelta(0) if self.place.is_local else _DAY  # another machine may build there
        for left in self.place.abandoned(BUILDS, [build, former or build], grace):
            self.place.delete(left)

    @contextmanager
    def session(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """DuckDB over the landing and the newest build: a view for each table, under its own schema's name.

        Raises:
            WarehouseError: a file cannot be read, or a query is refused.
        """
        body, build = self.place.read(MANIFEST), self.newest()
        try:
            with duckdb.connect() as connection:
                if body is not None:
                    self._show_landing(connection, LandedLoads.of(body))
                if build is not None:
                    self._show_tables(connection, f"{BUILDS}/{build}")
                yield connection
        except duckdb.Error as error:
            raise refused(error) from None
        except (pa.ArrowException, OSError) as error:
            raise WarehouseError(
                f"tables in {self.place.address} cannot be read ({type(error).__name__}): "
                "run `txn warehouse run --full`"
            ) from None

    def _show_landing(self, connection: duckdb.DuckDBPyConnection, loads: LandedLoads) -> None:
        files = [f"{self.place.root}/{POSITIONS}/{folder}/rows.parquet" for folder in loads.folders]
        rows: Any = LANDING_SCHEMA.empty_table()
        if files:
            rows = ds.dataset(files, LANDING_SCHEMA, format="parquet", filesystem=self.place.filesystem)
        _show(connection, "landing", "positions", rows)
        _show(connection, "landing", "objects", loads.objects())

    def _show_tables(self, connection: duckdb.DuckDBPyConnection, build: str) -> None:
        for schema in ("identity", "star", "marts", "meta"):
            for table in self.place.folders(f"{build}/{schema}.db"):
                if files := self.place.files(f"{build}/{schema}.db/{table}"):
                    rows = ds.dataset(files, format="parquet", filesystem=self.place.filesystem)
                    _show(connection, schema, table, rows)


def _show(connection: duckdb.DuckDBPyConnection, schema: str, table: str, rows: Any) -> None:
    connection.execute(f'create schema if not exists "{schema}"')
    connection.register(f"{schema}_{table}_files", rows)
    connection.execute(f'create view "{schema}"."{table}" as select * from "{schema}_{table}_files"')
