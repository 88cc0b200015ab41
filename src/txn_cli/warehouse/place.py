"""Where a system's warehouse is: its engine, and the folder for files and for what dbt writes."""

from pathlib import Path

from txn_cli.output.named import DEFAULT_FOLDER
from txn_cli.stack.datadir import DataDir
from txn_cli.warehouse.engines import Engine
from txn_core.exceptions import SettingsError
from txn_core.settings import Settings
from warehouse.run.duckdb_target import DuckDbTarget
from warehouse.run.folder import WarehouseFolder
from warehouse.run.postgres_target import PostgresTarget
from warehouse.run.targets import Target


def folder_of(settings: Settings, data_dir: Path | None, *, is_local: bool) -> WarehouseFolder:
    """The warehouse's folder: the one that is set, or the one in a local stack's data directory.

    Raises:
        SettingsError: the system is no local stack and none is set. A default would mix two lakes.
    """
    if settings.warehouse_folder is not None:
        return WarehouseFolder(settings.warehouse_folder.absolute())
    if not is_local:
        raise SettingsError("TXN_WAREHOUSE_FOLDER is not set: name a folder for the warehouse of this system")
    return WarehouseFolder(DataDir.at(data_dir or DEFAULT_FOLDER).root.absolute() / "warehouse")


def target_of(engine: Engine, settings: Settings, folder: WarehouseFolder) -> Target:
    """The engine, as the settings describe it.

    Raises:
        SettingsError: they do not.
    """
    if engine is Engine.DUCKDB:
        return DuckDbTarget(folder, settings)
    if settings.warehouse_postgres_url is None:
        raise SettingsError("TXN_WAREHOUSE_POSTGRES_URL is not set: it names the PostgreSQL to fill")
    return PostgresTarget(settings.warehouse_postgres_url.get_secret_value(), wait_s=settings.warehouse_wait_s)
