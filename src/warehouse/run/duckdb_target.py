"""DuckDB: three work files that a run holds, and published copies of two of them for readers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

import duckdb
import pyarrow as pa

from txn_core.exceptions import WarehouseError
from txn_core.settings import Settings
from warehouse.landing.duckdb_landing import DuckDbLanding, refused
from warehouse.landing.landing_port import Landing
from warehouse.run.built_state import Rows, built_of, counts_of
from warehouse.run.folder import WarehouseFolder, publish
from warehouse.run.targets import Built, Counts

PUBLISHED: Final = ("steward", "warehouse")
"""The databases that readers open; the one that says what was built comes last."""
BATCH_ROWS: Final = 100_000
_SCHEMAS: Final = {"landing": "landing.landing", "star": "warehouse.star", "meta": "warehouse.meta", "oltp": "oltp"}
_LAST_RUN: Final = "select run_id from meta.run order by to_load_id desc limit 1"


class DuckDbTarget:
    """The files of a folder."""

    def __init__(self, folder: WarehouseFolder, settings: Settings) -> None:
        self._folder, self._settings = folder, settings

    @property
    def name(self) -> str:
        """See `Target`."""
        return "duckdb"

    @property
    def environment(self) -> Mapping[str, str]:
        """See `Target`."""
        return {
            "WAREHOUSE_FOLDER": str(self._folder.work),
            "WAREHOUSE_THREADS": str(self._settings.warehouse_threads),
            "WAREHOUSE_MEMORY": self._settings.warehouse_memory,
        }

    def exclusively(self) -> AbstractContextManager[None]:
        """See `Target`: the folder's lock is enough."""
        return nullcontext()

    def landing(self) -> Landing:
        """See `Target`."""
        options = {
            "memory_limit": self._settings.warehouse_memory,
            "threads": str(self._settings.warehouse_threads),
            "temp_directory": str(self._folder.work / "spill"),
        }
        return DuckDbLanding(self._folder.landing, wait_s=self._settings.warehouse_wait_s, options=options)

    def built(self) -> Built:
        """See `Target`."""
        with self._session() as rows:
            return built_of(rows, landing="landing.landing", meta="warehouse.meta")

    def counts(self) -> Counts:
        """See `Target`."""
        with self._session() as rows:
            return counts_of(rows, landing="landing.landing", star="warehouse.star")

    def has_table(self, schema: str, table: str) -> bool:
        """See `Target`."""
        if not (self._folder.landing.is_file() and self._folder.built("warehouse").is_file()):
            return False
        # information_schema shows the tables of all attached files.
        query = f"select 1 from information_schema.tables where table_schema = '{schema}' and table_name = '{table}'"
        with self._session() as rows:
            return bool(rows(query))

    def batches(self, query: str) -> Iterator[pa.RecordBatch]:
        """See `Target`."""
        if not self._folder.landing.is_file():
            raise WarehouseError(f"there is no warehouse in {self._folder.root}: run `txn warehouse run`")
        with self._attached() as connection:
            yield from connection.execute(query.format_map(_SCHEMAS)).to_arrow_reader(BATCH_ROWS)

    def publish(self) -> bool:
        """See `Target`."""
        newest = self._last_run(published=False)
        are_there = all(self._folder.published(name).is_file() for name in PUBLISHED)
        if newest is None or (are_there and self._last_run(published=True) == newest):
            return False
        for name in PUBLISHED:
            with self._opened(self._folder.built(name)) as connection:
                connection.execute("checkpoint")
            try:
                publish(self._folder.built(name), self._folder.published(name))
            except OSError as error:
                raise WarehouseError(
                    f"cannot publish {self._folder.published(name)} ({error.strerror}): free space there"
                ) from None
        return True

    def _last_run(self, *, published: bool) -> str | None:
        """The id of the run that made a file, or None where there is no such file, or none that can be read."""
        path = self._folder.published("warehouse") if published else self._folder.built("warehouse")
        if not path.is_file():
            return None
        try:
            with duckdb.connect(path, read_only=published) as connection:
                row = connection.execute(_LAST_RUN).fetchone()
        except duckdb.Error as error:
            if published or isinstance(error, duckdb.CatalogException):
                return None
            raise refused(error) from None
        return None if row is None else str(row[0])

    @contextmanager
    def _session(self) -> Iterator[Rows]:
        """Queries over the work files; a database that is not there yet is empty."""
        with self._attached() as connection:

            def rows(query: str) -> Sequence[Sequence[Any]]:
                return connection.execute(query).fetchall()

            yield rows

    @contextmanager
    def _attached(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._opened(self._folder.built("warehouse")) as connection:
            for name in ("landing", "steward"):  # dbt opens both, and says little when it cannot
                if (path := self._folder.built(name)).is_file():
                    connection.execute(f"attach '{_quoted(str(path))}' as {name} (read_only)")
            yield connection

    @contextmanager
    def _opened(self, path: Any) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            with duckdb.connect(path, config={"memory_limit": self._settings.warehouse_memory}) as connection:
                yield connection
        except duckdb.Error as error:
            raise refused(error) from None


def _quoted(text: str) -> str:
    return text.replace("'", "''")
