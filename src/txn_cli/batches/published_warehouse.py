"""The published warehouse of a system, for `txn ingest --wait warehouse`: which commits readers see in it."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from operations.patience import briefly
from txn_cli.system import System
from txn_cli.warehouse.warehouse_place import folder_of
from txn_core.aws.clients import Aws
from txn_core.settings import Settings
from warehouse.curated.parquet_table import ParquetTable

PUBLISHED = "warehouse"


@dataclass(slots=True)
class PublishedWarehouse:
    """The file that readers open; each run puts another one in its place."""

    file: Path
    settings: Settings
    _wanted: frozenset[str] | None = field(default=None)

    async def has_loaded(self, raw_objects: Collection[str]) -> bool:
        """Whether readers see all rows of these objects of the raw lake.

        The first time that the curated table has all of them settles which commits are waited for: those that come
        later are not.
        """
        if self._wanted is None:
            async with Aws(self.settings).lake() as lake:
                snapshot = await briefly("curated table", ParquetTable(lake).snapshot)
            if not snapshot.raw.keys() >= set(raw_objects):
                return False
            self._wanted = frozenset(append.name for append in snapshot.appends.values())
        return await asyncio.to_thread(self._loaded) >= self._wanted

    def _loaded(self) -> set[str]:
        """The commits that the published file has; none where there is no file yet."""
        if not self.file.exists():
            return set()
        with duckdb.connect(str(self.file), read_only=True) as connection:
            return {str(name) for (name,) in connection.execute("select object_name from meta.loaded").fetchall()}


def opened_warehouse(system: System, data_dir: Path | None) -> PublishedWarehouse | None:
    """The warehouse of a system; None where nobody has begun one, and no process of the stack is about to.

    Raises:
        SettingsError: the system is no local stack, and no folder of a warehouse is set.
    """
    folder = folder_of(system.settings, data_dir, is_local=system.is_local)
    is_run = bool(system.settings.warehouse_every_s) or system.urls.warehouse is not None
    if not folder.root.exists() and not is_run:
        return None
    return PublishedWarehouse(folder.published(PUBLISHED), system.settings)
