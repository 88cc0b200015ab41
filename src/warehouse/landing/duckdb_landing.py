"""The landing in a DuckDB file. A process that has the file open keeps all others out, and this is the lock."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

import duckdb
import pyarrow as pa

from txn_core.exceptions import WarehouseBusyError, WarehouseError
from warehouse.curated.schema import CURATED_SCHEMA
from warehouse.landing.incoming import LOAD_ID, Incoming, with_load_id
from warehouse.landing.landing_port import LoadBatch, Loaded
from warehouse.landing.landing_tables import (
    COLUMNS_NOW,
    LEDGER_ROW,
    LOCK,
    OBJECTS,
    POSITIONS,
    SCHEMA,
    added_columns,
    schema_statements,
)
from warehouse.landing.load_ledger import Ledger, ledger_of, ledger_query, missing, next_load_id

PAUSE_S: Final = 0.1
_CLOSED: Final = {"enable_external_access": "false", "autoload_known_extensions": "false"}
"""SQL of ours needs no other file and no network, so neither is open to it."""
_UNORDERED: Final = {"preserve_insertion_order": "false"}
"""Nobody reads positions in the order of loads, and to keep it doubles the cost of a load by several threads."""
_SCHEMA: Final = pa.schema([*CURATED_SCHEMA, pa.field(LOAD_ID, pa.int64())])


class DuckDbLanding:
    """A landing in one file, which is held from `open` to `close`.

    Args:
        wait_s: how long another process or load is waited for.
        options: further settings of DuckDB, such as `memory_limit` and `threads`.
    """

    def __init__(self, path: Path, *, wait_s: float = 60.0, options: dict[str, str] | None = None) -> None:
        self._path = path
        self._wait_s = wait_s
        self._options = {**_CLOSED, **_UNORDERED, **(options or {})}
        # A file `landing.duckdb` is the database `landing`, and `landing.positions` alone would be ambiguous in it.
        self._schema = f'"{path.stem}".{SCHEMA}'
        self._open: duckdb.DuckDBPyConnection | None = None

    def open(self) -> Self:
        """See `Landing`."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._open = self._connected()
        try:
            self._make_schema(self._open)
        except duckdb.Error as error:
            self.close()
            raise refused(error) from None
        return self

    def close(self) -> None:
        """See `Landing`."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def loaded(self) -> Ledger:
        """See `Landing`."""
        return self._ledger(self._connection)

    def load(self, batch: LoadBatch) -> Loaded:
        """See `Landing`. Another thread's load makes this one begin again: DuckDB lets the first of two commit."""
        until = time.monotonic() + self._wait_s
        while True:
            with self._connection.cursor() as connection:  # a connection of its own to the open file
                try:
                    return self._in_transaction(connection, batch)
                except duckdb.TransactionException:
                    if time.monotonic() >= until:
                        raise WarehouseBusyError("another run holds the warehouse: try again later") from None
                except duckdb.Error as error:
                    raise refused(error) from None
            time.sleep(PAUSE_S)

    def _connected(self) -> duckdb.DuckDBPyConnection:
        until = time.monotonic() + self._wait_s
        while True:
            try:
                return duckdb.connect(self._path, config=dict(self._options))
            except duckdb.IOException as error:
                if "lock" not in str(error):
                    raise refused(error) from None
                if time.monotonic() >= until:
                    raise WarehouseBusyError(f"another run holds {self._path}: try again later") from None
            except duckdb.Error as error:
                raise refused(error) from None
            time.sleep(PAUSE_S)

    @property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        if self._open is None:
            raise WarehouseError("the landing is not open")
        return self._open

    def _make_schema(self, connection: duckdb.DuckDBPyConnection) -> None:
        for statement in schema_statements(self._schema):
            connection.execute(statement)
        there = {str(name) for (name,) in connection.execute(COLUMNS_NOW).fetchall()}
        for statement in added_columns(there, self._schema):
            connection.execute(statement)
        lock = f"{self._schema}.{LOCK}"
        connection.execute(f"insert into {lock} select 0 where not exists (select 1 from {lock})")

    def _in_transaction(self, connection: duckdb.DuckDBPyConnection, batch: LoadBatch) -> Loaded:
        connection.begin()
        try:
            loaded = self._load(connection, batch)
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        return loaded

    def _load(self, connection: duckdb.DuckDBPyConnection, batch: LoadBatch) -> Loaded:
        connection.execute(f"update {self._schema}.{LOCK} set taken = taken + 1")
        ledger = self._ledger(connection)
        appends = missing(batch.appends, ledger)
        if not appends:
            return Loaded()
        load_id, incoming = next_load_id(ledger), Incoming(appends, CURATED_SCHEMA)
        self._insert(connection, (with_load_id(rows, load_id) for rows in incoming.of(batch.tables())))
        incoming.check()
        for append in appends:
            connection.execute(
                f"insert into {self._schema}.{OBJECTS} ({LEDGER_ROW}) "
                "values (?, ?, ?, ?, make_timestamp(epoch_us(now())))",
                (append.name, load_id, append.rows, append.digest),
            )
        return Loaded(load_id, tuple(append.name for append in appends), sum(append.rows for append in appends))

    def _insert(self, connection: duckdb.DuckDBPyConnection, tables: Iterator[pa.Table]) -> None:
        """Insert rows by one statement, into which they stream: many small ones cost twice as much."""
        failed: list[BaseException] = []

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                for table in tables:
                    yield from table.to_batches()
            except BaseException as error:
                failed.append(error)  # DuckDB makes a text of it
                raise

        connection.register("incoming", pa.RecordBatchReader.from_batches(_SCHEMA, batches()))
        try:
            connection.execute(f"insert into {self._schema}.{POSITIONS} by name select * from incoming")
        except duckdb.Error:
            if failed:
                raise failed[0] from None
            raise
        finally:
            connection.unregister("incoming")

    def _ledger(self, connection: duckdb.DuckDBPyConnection) -> Ledger:
        return ledger_of(connection.execute(ledger_query(self._schema)).fetchall())


def refused(error: duckdb.Error) -> WarehouseError:
    """The error of ours, for all work files. DuckDB's text may repeat values, so only its kind is told."""
    if isinstance(error, duckdb.OutOfMemoryException):
        return WarehouseError("DuckDB needs more memory than it may take: set TXN_WAREHOUSE_MEMORY higher")
    return WarehouseError(
        f"DuckDB refuses ({type(error).__name__}): free the disk when it is full, else remove the folder work/ of "
        "the warehouse, which `txn warehouse run` makes again from the lake"
    )
