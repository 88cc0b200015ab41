"""The engines that are compared: how each is loaded, built and asked."""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit

import adbc_driver_postgresql.dbapi as adbc
import duckdb
from devkit.table_rows import TableRows

from warehouse.landing.duckdb_landing import DuckDbLanding
from warehouse.landing.landing_port import Landing
from warehouse.landing.postgres_landing import PostgresLanding
from warehouse.landing.redshift_landing import ManifestStore, RedshiftLanding
from warehouse.landing.redshift_session import ChildSession, RedshiftAddress
from warehouse.questions.catalogue import questions

MODELS: Final = Path("src/warehouse/models")
TABLES: Final = tuple(
    f"{file.parent.name}.{file.stem}" for part in ("star", "marts") for file in sorted((MODELS / part).glob("*.sql"))
)
Answer = tuple[Sequence[str], Sequence[Sequence[object]]]


class Engine(Protocol):
    """An engine under comparison."""

    name: str

    def landing(self) -> Landing:
        """Where its rows come in."""

    def build(self, *, full: bool) -> None:
        """Run dbt.

        Raises:
            subprocess.CalledProcessError: a model or a test failed; what dbt said went to standard output.
        """

    def ask(self) -> "Iterator[Callable[[str], Answer]]":
        """A way to ask queries, as a context manager."""


def everything(engine: Any) -> dict[str, TableRows]:
    """The rows of all tables that analysts and stewards read, and the twelve answers."""
    found = {}
    with engine.asking() as ask:
        for table in TABLES:
            columns, rows = ask(f"select * from {table}")
            found[table] = TableRows.of(columns, rows)
        for question in questions():
            columns, rows = ask(question.sql)
            found[question.name] = TableRows.of(columns, rows, ordered=True)
    return found


def dbt(program: Path, target: str, folder: Path, environment: Mapping[str, str], *, full: bool) -> None:
    """Run models and tests; dbt's own files go to the folder."""
    places = (
        "--project-dir",
        MODELS,
        "--profiles-dir",
        MODELS,
        "--target-path",
        folder / "target",
        "--log-path",
        folder / "logs",
    )
    command = (program, "build", "--quiet", "--target", target, *places, *(("--full-refresh",) if full else ()))
    off = {"DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    subprocess.run([str(part) for part in command], check=True, env={**os.environ, **off, **environment})


@dataclass(frozen=True, slots=True)
class OnDuckDb:
    folder: Path
    name: str = "duckdb"

    def landing(self) -> Landing:
        self.folder.mkdir(parents=True, exist_ok=True)
        return DuckDbLanding(self.folder / "landing.duckdb")

    def build(self, *, full: bool) -> None:
        dbt(Path(".venv/dbt/bin/dbt"), self.name, self.folder, {"WAREHOUSE_FOLDER": str(self.folder)}, full=full)

    @contextmanager
    def asking(self) -> Iterator[Callable[[str], Answer]]:
        with duckdb.connect() as connection:
            for schema in ("star", "marts"):
                connection.execute(f"create schema {schema}")
            for file in ("warehouse", "steward"):
                connection.execute(f"attach '{self.folder / file}.duckdb' as {file} (read_only)")
                tables = connection.execute(
                    "select schema_name, table_name from duckdb_tables() where database_name = ?", [file]
                )
                for schema, table in tables.fetchall():
                    if schema in {"star", "marts"}:
                        connection.execute(f"create view {schema}.{table} as select * from {file}.{schema}.{table}")

            def ask(sql: str) -> Answer:
                answer = connection.execute(sql)
                return [column[0] for column in answer.description or ()], answer.fetchall()

            yield ask


@dataclass(frozen=True, slots=True)
class OnPostgres:
    url: str
    folder: Path
    name: str = "postgres"

    def landing(self) -> Landing:
        return PostgresLanding(self.url)

    def build(self, *, full: bool) -> None:
        dbt(Path(".venv/dbt/bin/dbt"), self.name, self.folder, profile("POSTGRES", self.url, "disable"), full=full)

    @contextmanager
    def asking(self) -> Iterator[Callable[[str], Answer]]:
        with adbc.connect(self.url) as connection, connection.cursor() as cursor:

            def ask(sql: str) -> Answer:
                cursor.execute(sql)
                table = cursor.fetch_arrow_table()
                columns = [_plain(table.column(name)) for name in table.column_names]
                return table.column_names, list(zip(*columns, strict=True))

            yield ask


@dataclass(frozen=True, slots=True)
class OnRedshift:
    """Amazon's driver and dbt's adapter, at the door or at AWS."""

    url: str
    folder: Path
    store: ManifestStore
    python: Path = Path(".venv/redshift/bin/python")
    copy_role: str = "default"
    sslmode: str = "disable"
    name: str = "redshift"

    def landing(self) -> Landing:
        return RedshiftLanding(self.address.session, self.store, copy_role=self.copy_role)

    def build(self, *, full: bool) -> None:
        program = self.python.with_name("dbt")
        dbt(program, self.name, self.folder, profile("REDSHIFT", self.url, self.sslmode), full=full)

    @contextmanager
    def asking(self) -> Iterator[Callable[[str], Answer]]:
        with self.address.session() as session:
            assert isinstance(session, ChildSession)
            yield session.table

    @property
    def address(self) -> RedshiftAddress:
        """Where the driver connects."""
        parts = urlsplit(self.url)
        return RedshiftAddress(
            self.python,
            {
                "host": parts.hostname,
                "port": parts.port or 5439,
                "database": parts.path.removeprefix("/"),
                "user": unquote(parts.username or ""),
                "password": unquote(parts.password or ""),
                "ssl": self.sslmode != "disable",
            },
        )


def profile(engine: str, url: str, sslmode: str) -> Mapping[str, str]:
    """What `models/profiles.yml` reads of an address."""
    parts = urlsplit(url)
    return {
        f"WAREHOUSE_{engine}_HOST": parts.hostname or "",
        f"WAREHOUSE_{engine}_PORT": str(parts.port or 5439),
        f"WAREHOUSE_{engine}_USER": unquote(parts.username or ""),
        f"DBT_ENV_SECRET_WAREHOUSE_{engine}_PASSWORD": unquote(parts.password or ""),
        f"WAREHOUSE_{engine}_DATABASE": parts.path.removeprefix("/"),
        f"WAREHOUSE_{engine}_SSLMODE": sslmode,
    }


def _plain(column: Any) -> list[object]:
    """The values of a column of ADBC, which gives decimals as text of a type of its own."""
    values = column.to_pylist()
    if getattr(column.type, "type_name", "") == "numeric":
        return [None if value is None else Decimal(value) for value in values]
    return list(values)
