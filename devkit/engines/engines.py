"""The engines that are compared: a target of `txn warehouse run`, its dbt, and a way to ask it."""

import asyncio
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import adbc_driver_postgresql.dbapi as adbc
import duckdb

from devkit.table_rows import TableRows
from txn_core.settings import Settings
from warehouse.dbt.dbt_process import PROJECT, Dbt
from warehouse.dbt.environment import own_environment
from warehouse.dbt.models_digest import models_digest
from warehouse.landing.landing_port import LoadBatch, Loaded
from warehouse.landing.manifest_bucket import ManifestBucket
from warehouse.questions.catalogue import questions
from warehouse.run.duckdb_target import PUBLISHED, DuckDbTarget
from warehouse.run.folder import WarehouseFolder
from warehouse.run.postgres_target import PostgresTarget
from warehouse.run.redshift_target import RedshiftTarget
from warehouse.run.spark_target import SCRIPT, SparkTarget
from warehouse.run.targets import Target
from warehouse.spark.spark_builds import POINTER

SCHEMAS: Final = ("star", "marts")
TABLES: Final = tuple(f"{part}.{file.stem}" for part in SCHEMAS for file in sorted((PROJECT / part).glob("*.sql")))
QueryResult = tuple[Sequence[str], Sequence[Sequence[object]]]
Ask = Callable[[str], QueryResult]


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine under comparison.

    Attributes:
        program: the `dbt` command with its adapter.
        work: a folder for what dbt writes.
        asking: gives a way to ask queries, for the time of a block.
        script: what runs dbt, where the program is a Python.
    """

    target: Target
    program: Path
    work: Path
    asking: Callable[[], AbstractContextManager[Ask]]
    script: Sequence[str] = ()

    @property
    def name(self) -> str:
        """The target's name."""
        return self.target.name

    def load(self, batch: LoadBatch) -> Loaded:
        """Load what is new of a batch."""
        landing = self.target.landing().open()
        try:
            return landing.load(batch)
        finally:
            landing.close()

    def build(self, *, full: bool) -> None:
        """Run all models and all their tests, and publish.

        Raises:
            DbtError: one failed.
        """
        environment = {**self.target.environment, "TXN_WAREHOUSE_MODELS": models_digest()}
        dbt = Dbt(self.program, self.work, self.name, environment, self.script)
        asyncio.run(dbt.run("build", *(("--full-refresh",) if full else ())))
        self.target.publish()

    def everything(self) -> dict[str, TableRows]:
        """The rows of all tables that analysts and stewards read, the twelve answers, and what `check` counts."""
        with self.asking() as ask:
            found = {table: TableRows.of(*ask(f"select * from {table}")) for table in TABLES}
            answers = {each.name: TableRows.of(*ask(each.sql), ordered=True) for each in questions()}
        return found | answers | self._counted()

    def _counted(self) -> dict[str, TableRows]:
        with self.target.exclusively():
            counts, built = self.target.counts(), self.target.built()
            writes = self._rows("select transaction_key, writes from {star}.fact_transactions")
            places = self._rows(
                "select shard_id, sequence_number, sub_sequence_number, arrived_at from {landing}.positions"
            )
            tables = [self.target.has_table(*table.split(".")) for table in (TABLES[0], "star.nothing")]
        state = (counts.landed, counts.writes, built.landed, built.noted, built.follows, *tables)
        return {
            "positions": TableRows.of(("shard", "sequence", "sub-sequence", "arrived at"), places),
            "state": TableRows.of(
                ("landed", "writes", "load", "noted", "follows", "has a table", "has none"), [state]
            ),
            "writes": TableRows.of(("transaction_key", "writes"), writes),
        }

    def _rows(self, query: str) -> list[tuple[object, ...]]:
        batches = self.target.batches(query)
        return [row for batch in batches for row in zip(*batch.to_pydict().values(), strict=True)]


def on_duckdb(folder: Path, settings: Settings) -> Engine:
    """DuckDB in a folder, asked through the published files."""
    place = WarehouseFolder(folder)

    @contextmanager
    def asking() -> Iterator[Ask]:
        with duckdb.connect() as connection:
            for schema in SCHEMAS:
                connection.execute(f"create schema {schema}")
            for name in PUBLISHED:
                connection.execute(f"attach '{place.published(name)}' as {name} (read_only)")
                query = "select schema_name, table_name from duckdb_tables() where database_name = ?"
                for schema, table in connection.execute(query, [name]).fetchall():
                    if schema in SCHEMAS:
                        connection.execute(f"create view {schema}.{table} as select * from {name}.{schema}.{table}")

            def ask(sql: str) -> QueryResult:
                answer = connection.execute(sql)
                return [column[0] for column in answer.description or ()], answer.fetchall()

            yield ask

    return Engine(DuckDbTarget(place, settings), own_environment().program, folder / "dbt", asking)


def on_postgres(url: str, folder: Path) -> Engine:
    """PostgreSQL at an address."""

    @contextmanager
    def asking() -> Iterator[Ask]:
        with adbc.connect(url) as connection, connection.cursor() as cursor:

            def ask(sql: str) -> QueryResult:
                cursor.execute(sql)
                table = cursor.fetch_arrow_table()
                columns = [_plain(table.column(name)) for name in table.column_names]
                return table.column_names, list(zip(*columns, strict=True))

            yield ask

    return Engine(PostgresTarget(url, wait_s=60), own_environment().program, folder, asking)


def on_redshift(settings: Settings, folder: Path) -> Engine:
    """Redshift, or the door, as the settings name it; Amazon's driver and dbt's adapter."""
    target = RedshiftTarget(settings, ManifestBucket(settings))

    @contextmanager
    def asking() -> Iterator[Ask]:
        with target.address.session() as session:
            yield session.table

    program = settings.warehouse_redshift_python.absolute().with_name("dbt")
    return Engine(target, program, folder, asking)


def on_spark(folder: Path, settings: Settings) -> Engine:
    """Spark in this machine's JVM; a session of its own answers queries on what was published."""
    target = SparkTarget(folder / "spark", settings)
    python = settings.warehouse_spark_python.absolute()

    @contextmanager
    def asking() -> Iterator[Ask]:
        tables = json.loads(target.place.read(POINTER) or b"{}")["tables"]
        command = (str(python), "-m", "devkit.engines.spark_answers", tables)
        environment = {**os.environ, **target.environment, "PYTHONPATH": os.pathsep.join((".", "src"))}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", env=environment
        ) as process:

            def ask(sql: str) -> QueryResult:
                if process.stdin is None or process.stdout is None:
                    raise BrokenPipeError
                process.stdin.write(json.dumps(sql) + "\n")
                process.stdin.flush()
                answer = json.loads(process.stdout.readline())
                return answer["columns"], answer["rows"]

            yield ask

    return Engine(target, python, folder / "dbt", asking, SCRIPT)


def _plain(column: Any) -> list[object]:
    """The values of a column of ADBC, which gives decimals as text of a type of its own."""
    values = column.to_pylist()
    if getattr(column.type, "type_name", "") == "numeric":
        return [None if value is None else Decimal(value) for value in values]
    return list(values)
