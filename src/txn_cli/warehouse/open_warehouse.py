"""A warehouse that a command holds: its engine, its folder, and the locks on both."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from txn_cli.output.failure import store_errors
from txn_cli.warehouse.engines import Engine
from txn_cli.warehouse.warehouse_place import command_of, folder_of, target_of
from txn_core.aws.clients import Aws
from txn_core.settings import Settings
from warehouse.curated.parquet_table import ParquetTable
from warehouse.landing.landing_port import Landing
from warehouse.oltp.oltp_database import OltpDatabase
from warehouse.run.building import Builder
from warehouse.run.cycle import Cycle

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OpenWarehouse:
    """What steps of a run need, for as long as the locks are held."""

    settings: Settings = field(repr=False)
    builder: Builder

    def with_lake(self, step: Callable[[Cycle], Coroutine[Any, Any, T]]) -> T:
        """Do a step that reads the lake.

        Raises:
            StoreError: the lake cannot be read or written.
        """
        return asyncio.run(self._with_lake(step))

    async def _with_lake(self, step: Callable[[Cycle], Coroutine[Any, Any, T]]) -> T:
        with store_errors(f"read or write the lake in {self.settings.lake_bucket}"):
            async with Aws(self.settings).lake() as store:
                table, commits_max = ParquetTable(store), self.settings.warehouse_commits_max
                return await step(Cycle(store, table, self.builder, commits_max, self._normalised()))

    def _normalised(self) -> Landing | None:
        """The normalised database: wherever a PostgreSQL is named, whichever engine has the warehouse."""
        if (url := self.settings.warehouse_postgres_url) is None:
            return None
        return OltpDatabase(url.get_secret_value(), wait_s=self.settings.warehouse_wait_s)


@contextmanager
def open_warehouse(
    engine: Engine, settings: Settings, data_dir: Path | None, *, is_local: bool
) -> Iterator[OpenWarehouse]:
    """The warehouse of a system, held for the time of the block.

    Raises:
        WarehouseBusyError: another run holds it for longer than TXN_WAREHOUSE_WAIT_S.
    """
    folder = folder_of(settings, data_dir, is_local=is_local)
    target = target_of(engine, settings, folder)
    program, *script = command_of(engine, settings)
    with folder.locked(wait_s=settings.warehouse_wait_s) as lock, target.exclusively():
        yield OpenWarehouse(settings, Builder(target, Path(program), folder.work, lock, script))
