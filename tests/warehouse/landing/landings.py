"""The landings under test: on DuckDB, on PostgreSQL, and one of dictionaries that says what both should do."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol, Self
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from devkit.redshift_door.plain_client import MemoryBucket, PlainSession

from txn_core.exceptions import WarehouseError
from warehouse.curated.schema import CURATED_SCHEMA
from warehouse.curated.table import DataFile
from warehouse.landing.duckdb_landing import DuckDbLanding
from warehouse.landing.landing_port import Landing, LoadBatch, Loaded
from warehouse.landing.load_ledger import Ledger, LedgerEntry, missing
from warehouse.landing.parquet_landing import ParquetLanding
from warehouse.landing.postgres_landing import PostgresLanding
from warehouse.landing.redshift_landing import RedshiftLanding
from warehouse.landing.table_place import TablePlace
from warehouse.oltp.oltp_database import OltpDatabase
from warehouse.postgres.session import PostgresSession
from warehouse.spark.spark_builds import Builds

Row = tuple[object, ...]
COLUMNS = ", ".join([*CURATED_SCHEMA.names, "load_id"])
POSITIONS = f"select {COLUMNS} from landing.positions"
SEEDS = int(os.environ.get("LANDING_SEEDS", "1"))
"""How many random orders and batches are tried; `make kills` tries 20."""
LEDGER = "select object_name, load_id, rows, digest from landing.objects"


class LandingUnderTest(Protocol):
    """A landing, and a way to look at it from outside."""

    def landing(self, *, wait_s: float = 60.0) -> Landing:
        """A loader of the landing."""

    def rows(self, query: str) -> list[Row]:
        """The rows of a query, by another connection."""


@dataclass
class OnDuckDb:
    """In a file of the name that it has in a data directory."""

    path: Path

    def landing(self, *, wait_s: float = 60.0) -> Landing:
        return DuckDbLanding(self.path, wait_s=wait_s, options={"threads": "1"})

    def rows(self, query: str) -> list[Row]:
        with duckdb.connect(self.path, read_only=True) as connection:
            return connection.execute(query.replace("from landing.", "from landing.landing.")).fetchall()


@dataclass
class OnPostgres:
    """In a database, at which a session looks, or a new one each time."""

    url: str
    looking: PostgresSession | None = None

    def landing(self, *, wait_s: float = 60.0) -> Landing:
        return PostgresLanding(self.url, wait_s=wait_s)

    def rows(self, query: str) -> list[Row]:
        if self.looking is not None:
            return self.looking.rows(query)
        with PostgresSession.open(self.url) as session:
            return session.rows(query)


@dataclass
class OnRedshift:
    """At the door that stands in for Redshift, by libpq; the files of a batch lie in a bucket in memory."""

    url: str
    bucket: MemoryBucket

    def landing(self, *, wait_s: float = 60.0) -> Landing:
        return _InLake(partial(PlainSession.open, self.url), self.bucket, copy_role="default", wait_s=wait_s)

    def rows(self, query: str) -> list[Row]:
        with PlainSession.open(self.url) as session:
            return list(session.execute(query))


class _InLake(RedshiftLanding):
    """Puts the tables of a batch into the bucket as files, which a curated table has there already."""

    def load(self, batch: LoadBatch) -> Loaded:
        files = []
        for table in batch.tables():
            sink = pa.BufferOutputStream()
            pq.write_table(table, sink)
            key, body = f"data/{uuid4()}.parquet", bytes(sink.getvalue())
            self._store.put(key, body)
            files.append(DataFile(key, table.num_rows, len(body), None, None, ()))
        return super().load(replace(batch, files=tuple(files)))


@dataclass
class OnFiles:
    """As Parquet files in a folder, at which DuckDB looks."""

    folder: Path

    def landing(self, *, wait_s: float = 60.0) -> Landing:
        return ParquetLanding(TablePlace.at(str(self.folder)), wait_s=wait_s)

    def rows(self, query: str) -> list[Row]:
        with Builds(TablePlace.at(str(self.folder))).session() as connection:
            return connection.execute(query).fetchall()


@dataclass
class InMemory:
    """Rows and ledger as lists: whatever order, each commit once, and a load whole or not at all."""

    positions: list[Row] = field(default_factory=list)
    ledger: list[Row] = field(default_factory=list)

    def landing(self, *, wait_s: float = 60.0) -> Landing:
        return _MemoryLanding(self)

    def rows(self, query: str) -> list[Row]:
        return {POSITIONS: self.positions, LEDGER: self.ledger}[query]


@dataclass
class _MemoryLanding:
    at: InMemory

    def open(self) -> Self:
        return self

    def close(self) -> None:
        pass

    def loaded(self) -> Ledger:
        return {str(name): LedgerEntry(int(str(load_id)), str(digest)) for name, load_id, _, digest in self.at.ledger}

    def load(self, batch: LoadBatch) -> Loaded:
        wanted = {append.number: append for append in missing(batch.appends, self.loaded())}
        if not wanted:
            return Loaded()
        load_id = 1 + max((int(str(row[1])) for row in self.at.ledger), default=0)
        given = [row for table in batch.tables() for row in table.to_pylist()]
        came = {number: [row for row in given if row["commit_number"] == number] for number in wanted}
        if any(row.keys() - set(CURATED_SCHEMA.names) for row in given):
            raise WarehouseError("a newer version wrote a column")
        if any(len(came[number]) != append.rows for number, append in wanted.items()):
            raise WarehouseError("files do not hold what the commits say")
        for number, append in wanted.items():
            self.at.ledger.append((append.name, load_id, append.rows, append.digest))
            self.at.positions += [
                (*(row.get(name) for name in CURATED_SCHEMA.names), load_id) for row in came[number]
            ]
        return Loaded(load_id, tuple(each.name for each in wanted.values()), sum(len(rows) for rows in came.values()))


@dataclass
class OnOltp:
    """The normalised database: a landing by its ledger, with transactions in the place of positions."""

    url: str

    def landing(self, *, wait_s: float = 60.0) -> Landing:
        return OltpDatabase(self.url, wait_s=wait_s)

    def rows(self, query: str) -> list[Row]:
        own = {
            LEDGER: LEDGER.replace("landing.", "oltp."),
            POSITIONS: "select account, transaction_id from oltp.transaction",
        }
        with PostgresSession.open(self.url) as session:
            return session.rows(own[query])


def ledger_of(rows: Iterable[Row]) -> dict[str, tuple[int, str]]:
    """Rows and digest of each commit by its name."""
    return {str(name): (int(str(rows)), str(digest)) for name, _, rows, digest in rows}
