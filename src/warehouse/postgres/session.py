"""A session with PostgreSQL: statements, rows in bulk, transactions begun and ended by statements of ours.

Errors of the driver repeat the statement and sometimes a value. So callers see a `WarehouseError` with the SQLSTATE
(PostgreSQL documentation, appendix A) and the name of what was done, and nothing else.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, Self

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
import pyarrow.compute as pc

from txn_core.exceptions import WarehouseBusyError, WarehouseError

LOCK_NOT_AVAILABLE: Final = "55P03"
SCHEMA_LOCK: Final = 0x74786E
"""The advisory lock of whoever makes schemas (PostgreSQL documentation, "Advisory Locks"): a number of ours."""
_CONNECTION_CLASSES: Final = ("08", "57P")  # connection exceptions, and a server that stops or starts


class ConnectionLostError(WarehouseError):
    """The connection ended: what the server did of the transaction is not known."""


class PostgresSession:
    """One connection. Outside `transaction` each statement is its own transaction."""

    def __init__(self, connection: adbc.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, url: str) -> Iterator[Self]:
        """A session for the time of the block.

        Raises:
            WarehouseError: nobody answers there, or not to us. The text does not repeat the address.
        """
        try:
            connection = adbc.connect(url, autocommit=True)
        except adbc.Error as error:
            raise _error(error, "connect to PostgreSQL: see TXN_WAREHOUSE_POSTGRES_URL") from None
        try:
            yield cls(connection)
        finally:
            with suppress(adbc.Error):
                connection.close()

    def execute(self, statement: str, parameters: Sequence[object] = (), *, what: str = "") -> int:
        """Run one statement; gives how many rows it changed, -1 where it is none that changes rows.

        Raises:
            WarehouseError: PostgreSQL refused; `what` says in words what was to be done.
            ConnectionLostError: the connection ended.
        """
        with self._cursor(what or statement.split("(", 1)[0].strip()) as cursor:
            cursor.execute(statement, parameters or None)
            return int(cursor.rowcount)

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query.

        Raises:
            WarehouseError: as `execute`.
        """
        with self._cursor("read") as cursor:
            cursor.execute(query, parameters or None)
            return list(cursor.fetchall())

    @contextmanager
    def batches(self, query: str) -> Iterator[Iterator[pa.RecordBatch]]:
        """The rows of a query in batches, for the time of the block.

        Raises:
            WarehouseError: as `execute`.
        """
        with self._cursor("read") as cursor:
            cursor.execute(query)
            yield cursor.fetch_record_batch()

    def append(self, table: str, rows: pa.Table, *, schema: str | None = None) -> None:
        """Append rows in bulk (binary COPY) by the names of their columns. Without a schema, to a temporary table.

        PostgreSQL's text has no character 0. It becomes U+FFFD, as where bytes cannot be decoded.

        Raises:
            WarehouseError: as `execute`.
        """
        with self._cursor(f"append to {table}") as cursor:
            cursor.adbc_ingest(
                table, _without_nul(rows), mode="append", db_schema_name=schema, temporary=schema is None
            )

    @contextmanager
    def transaction(self, *, wait_s: float) -> Iterator[None]:
        """A transaction for the block: committed at its end, rolled back when it raises.

        Args:
            wait_s: how long a lock is waited for.

        Raises:
            WarehouseBusyError: another session held a lock for longer.
            ConnectionLostError: whether the commit happened is not known.
        """
        self.execute("begin")
        try:
            self.execute(f"set local lock_timeout = {round(wait_s * 1000)}")
            yield
        except BaseException:
            with suppress(WarehouseError):
                self.execute("rollback")
            raise
        self.commit()

    @contextmanager
    def making_schema(self, *, wait_s: float) -> Iterator[None]:
        """A transaction in which nobody else makes schemas: `create ... if not exists` fails when two do it at once.

        Raises:
            WarehouseError: as `transaction`.
        """
        with self.transaction(wait_s=wait_s):
            self.execute(f"select pg_advisory_xact_lock({SCHEMA_LOCK})", what="wait for who makes the schema")
            yield

    def commit(self) -> None:
        """End the transaction.

        Raises:
            WarehouseError: a constraint that is checked last does not hold; the transaction is rolled back.
            ConnectionLostError: whether it happened is not known.
        """
        self.execute("commit")

    @contextmanager
    def _cursor(self, what: str) -> Iterator[Any]:
        try:
            with self._connection.cursor() as cursor:
                yield cursor
        except adbc.Error as error:
            raise _error(error, what) from None


def _without_nul(rows: pa.Table) -> pa.Table:
    for place, column in enumerate(rows.schema):
        if pa.types.is_string(column.type) and pc.any(pc.match_substring(rows[place], "\0")).as_py():
            rows = rows.set_column(place, column, pc.replace_substring(rows[place], "\0", "\ufffd"))
    return rows


def _error(error: adbc.Error, what: str) -> WarehouseError:
    """The error of ours. Without a SQLSTATE it came from the connection, or from before there was one."""
    state = str(getattr(error, "sqlstate", None) or "")
    if state == LOCK_NOT_AVAILABLE:
        return WarehouseBusyError("another run holds the warehouse: try again when it has ended")
    if not state or state.startswith(_CONNECTION_CLASSES):
        return ConnectionLostError(f"no connection: cannot {what}")
    return WarehouseError(f"PostgreSQL refuses with SQLSTATE {state}: {what}")
