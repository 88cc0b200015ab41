"""Queries over the published DuckDB files, in a session that can do nothing else.

The session's own database is empty and in memory. The published files are attached read-only, and the schemas star
and marts hold a view of each of their tables. Then files, network and settings are closed for good.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Timer
from typing import Any, Final

import duckdb

from warehouse.sql.bounds import BESIDE_BYTES, Bounds, bounded_memory
from warehouse.sql.query_errors import (
    FILES,
    NotPublishedError,
    QueryError,
    QueryTooLargeError,
    QueryTooLongError,
    one_line,
)
from warehouse.sql.query_result import QueryResult, Row, rows_of
from warehouse.sql.reader_roles import SCHEMAS, Role
from warehouse.sql.select_rule import require_one_select

BATCH_ROWS: Final = 2_048
GRACE_S: Final = 2.0
"""How long a query may take to end that was interrupted. DuckDB looks for that between calls of functions, and one
call may take minutes: `levenshtein` of two long texts.
"""
_CTRL_C: Final = "Query interrupted"  # what DuckDB raises as RuntimeError
_CLOSED: Final = {
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "max_temp_directory_size": "0KiB",
    "python_enable_replacements": "false",  # a name in a query is no variable of ours
    "python_scan_all_frames": "false",
    "temp_directory": "",
}
_LAST_RUN: Final = 'select run_id, "at" from warehouse.meta.run order by to_load_id desc limit 1'
_FILES: Final = {Role.ANALYST: ("warehouse",), Role.STEWARD: ("warehouse", "steward")}
"""The published files that a role reads, by their names without the ending."""


class DuckDbReader:
    """A closed session. Its time runs from the first query on.

    Args:
        overdue: told in a thread of its own when a query goes on behind its time, and why; may end the process.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, role: Role, bounds: Bounds, overdue: Callable[[str], None]
    ) -> None:
        self._connection, self._role, self._bounds = connection, role, bounds
        self._has_passed, self._overdue = False, overdue
        self._ended = Event()
        self._timer = Timer(bounds.timeout_s, self._pass)
        self._timer.daemon = True

    def answer(self, sql: str) -> QueryResult:
        """Run one SELECT; its rows come as they are read.

        Raises:
            QueryError: it is refused or fails, now or while rows are read.
            KeyboardInterrupt: Ctrl-C.
        """
        require_one_select(self._connection, sql, self._role)
        if self._timer.ident is None:
            self._timer.start()
        with self._errors():
            if self._has_passed:
                raise TimeoutError
            reader = self._connection.execute(sql).to_arrow_reader(BATCH_ROWS)
        return QueryResult(reader.schema, self._rows(reader))

    def last_run(self) -> tuple[str, datetime] | None:
        """The id of the build that made the files, and when it began, UTC; None where they do not say.

        Raises:
            QueryError: it cannot be read.
        """
        with self._errors():
            try:
                found = self._connection.execute(_LAST_RUN).fetchone()
            except duckdb.CatalogException:
                return None
        return None if found is None else (str(found[0]), found[1].replace(tzinfo=UTC))

    def end(self) -> None:
        """Stop what runs: closing the connection would wait for it."""
        self._ended.set()
        self._timer.cancel()
        self._connection.interrupt()

    def _pass(self) -> None:
        self._has_passed = True
        self._connection.interrupt()
        if not self._ended.wait(GRACE_S):
            self._overdue(self._too_long)

    def _rows(self, reader: Any) -> Iterator[Row]:
        with self._errors():
            yield from rows_of(iter(reader))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Say in one line what an error of the engine means. Arrow's reader raises the engine's as OSError."""
        try:
            yield
        except (duckdb.Error, OSError, MemoryError, RuntimeError) as error:
            if str(error) == _CTRL_C and not self._has_passed:
                raise KeyboardInterrupt from None
            raise self._meant(error) from None

    @property
    def _too_long(self) -> str:
        return f"the query took more than {self._bounds.timeout_s:g} s: ask for less, or allow more with --timeout"

    def _meant(self, error: Exception) -> QueryError:
        if self._has_passed:
            return QueryTooLongError(self._too_long)
        if isinstance(error, MemoryError | duckdb.OutOfMemoryException) or "Out of Memory Error" in str(error):
            return QueryTooLargeError(
                f"the query needs more than TXN_WAREHOUSE_MEMORY ({self._bounds.memory}): ask for less, or allow more"
            )
        return QueryError(FILES if isinstance(error, duckdb.PermissionException) else _word(error))


@contextmanager
def open_duckdb(
    folder: Path, role: Role, bounds: Bounds, overdue: Callable[[str], None] = lambda _: None
) -> Iterator[DuckDbReader]:
    """A session over the files that are published in a folder, for the time of the block.

    `overdue` is told when a query cannot be interrupted (see `DuckDbReader`).

    Raises:
        QueryError: nothing is published there, or it cannot be read.
    """
    with (
        bounded_memory(bounds.memory_bytes + BESIDE_BYTES),
        closed_session(folder, role, bounds, overdue) as reader,
    ):
        yield reader


@contextmanager
def closed_session(
    folder: Path, role: Role, bounds: Bounds, overdue: Callable[[str], None]
) -> Iterator[DuckDbReader]:
    """The same in a process whose memory is bounded already: several sessions may be open there at once.

    Raises:
        QueryError: nothing is published there, or it cannot be read.
    """
    with duckdb.connect(":memory:", config=_config(bounds)) as own:
        for name in _FILES[role]:
            _attach(own, folder / f"{name}.duckdb", name)
        own.execute("set enable_external_access = false")
        own.execute("set lock_configuration = true")
        reader = DuckDbReader(own, role, bounds, overdue)
        try:
            yield reader
        finally:
            reader.end()


def _config(bounds: Bounds) -> dict[str, str | bool | int | float | list[str]]:
    return {**_CLOSED, "memory_limit": bounds.memory, "threads": bounds.threads}


def _attach(own: duckdb.DuckDBPyConnection, file: Path, name: str) -> None:
    if not file.exists():
        raise NotPublishedError(f"there is no {file}: `txn warehouse run` builds and publishes it")
    try:
        place = str(file).replace("'", "''")
        own.execute(f"attach '{place}' as {name} (read_only)")
        tables = own.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = ? and schema_name in (?, ?)",
            [name, *SCHEMAS],
        ).fetchall()
        for schema, table in tables:
            qualified = f'{schema}."{table}"'
            own.execute(f"create schema if not exists {schema}")
            own.execute(f"create or replace view {qualified} as from {name}.{qualified}")
    except duckdb.Error as error:
        raise NotPublishedError(
            f"cannot read {file}, build it with `txn warehouse run --full`: {_word(error)}"
        ) from None


def _word(error: Exception) -> str:
    return one_line(str(error)) or type(error).__name__
