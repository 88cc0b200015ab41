"""A warehouse that is read in whole, landing included, while no run changes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from txn_cli.warehouse.engines import Engine
from txn_cli.warehouse.warehouse_place import folder_of, need_tables, target_of
from txn_core.settings import Settings
from warehouse.run.targets import Target


def has_warehouse(engine: Engine, settings: Settings, data_dir: Path | None, *, is_local: bool) -> bool:
    """Whether a system has a warehouse that was built at least once. Nothing is made."""
    if engine is Engine.DUCKDB and settings.warehouse_folder is None and not is_local:
        return False
    target = target_of(engine, settings, folder_of(settings, data_dir, is_local=is_local))
    return target.has_table("landing", "positions") and target.has_table("star", "fact_transactions")


@contextmanager
def read_warehouse(engine: Engine, settings: Settings, data_dir: Path | None, *, is_local: bool) -> Iterator[Target]:
    """The warehouse of a system for the time of the block, in which runs wait.

    Raises:
        WarehouseError: there is none, or it cannot be read.
        WarehouseBusyError: a run holds it for longer than TXN_WAREHOUSE_WAIT_S.
    """
    folder = folder_of(settings, data_dir, is_local=is_local)
    target = target_of(engine, settings, folder)
    with folder.locked(wait_s=settings.warehouse_wait_s), target.exclusively():
        need_tables(target)
        yield target
