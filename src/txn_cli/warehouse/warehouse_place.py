"""Where a system's warehouse is: its engine, and the folder for files and for what dbt writes."""

import os
import shutil
from pathlib import Path
from typing import Final

from txn_cli.output.named import DEFAULT_FOLDER, Named
from txn_cli.stack.children.ready import Ready
from txn_cli.stack.datadir import DataDir
from txn_cli.system import system_of
from txn_cli.warehouse.engines import Engine
from txn_core.exceptions import SettingsError, WarehouseError
from txn_core.settings import Settings
from warehouse.dbt.environment import DbtError, dbt_program
from warehouse.landing.manifest_bucket import ManifestBucket
from warehouse.run.duckdb_target import DuckDbTarget
from warehouse.run.folder import WarehouseFolder
from warehouse.run.postgres_target import PostgresTarget
from warehouse.run.redshift_target import RedshiftTarget
from warehouse.run.spark_target import SCRIPT, SparkTarget
from warehouse.run.targets import Target

NO_POSTGRES: Final = (
    "TXN_WAREHOUSE_POSTGRES_URL is not set: name a PostgreSQL there, or start a stack with `txn up --postgres`"
)


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


def settings_of(engine: Engine, data_dir: Path | None, *, aws: bool = False) -> Settings:
    """Settings for what needs no lake, and so no running stack.

    Where nothing names a PostgreSQL, it is the one of the stack that runs.

    Raises:
        TxnError: the environment does not fit together, or the stack there cannot be asked.
    """
    settings = Settings.from_environment()
    if engine is not Engine.POSTGRES or settings.warehouse_postgres_url is not None or aws:
        return settings
    if Ready.read(DataDir.at(data_dir or DEFAULT_FOLDER)) is None:
        return settings
    return system_of(Named(data_dir)).settings


def need_tables(target: Target) -> None:
    """Refuse what reads the tables before there are any.

    Raises:
        WarehouseError: they were never built.
    """
    if not target.has_table("star", "fact_transactions"):
        raise WarehouseError("there is no warehouse yet: run `txn warehouse run`")


def target_of(engine: Engine, settings: Settings, folder: WarehouseFolder) -> Target:
    """The engine, as the settings describe it.

    Raises:
        SettingsError: they do not.
    """
    if engine is Engine.DUCKDB:
        return DuckDbTarget(folder, settings)
    if engine is Engine.REDSHIFT:
        return RedshiftTarget(settings, ManifestBucket(settings))
    if engine is Engine.SPARK:
        return SparkTarget(folder.root / "spark", settings)
    if settings.warehouse_postgres_url is None:
        raise SettingsError(NO_POSTGRES)
    return PostgresTarget(settings.warehouse_postgres_url.get_secret_value(), wait_s=settings.warehouse_wait_s)


def command_of(engine: Engine, settings: Settings) -> tuple[str, ...]:
    """The command that runs dbt for an engine. Redshift's and Spark's adapters have environments of their own.

    Raises:
        DbtError: it is not installed.
    """
    if engine is Engine.REDSHIFT:
        return (str(_beside(settings.warehouse_redshift_python, Engine.REDSHIFT)),)
    if engine is Engine.SPARK:
        _beside(settings.warehouse_spark_python, Engine.SPARK)
        if "JAVA_HOME" not in os.environ and not shutil.which("java"):
            raise DbtError(
                "Spark needs Java 17: install it (apt-get install openjdk-17-jre-headless), or set JAVA_HOME"
            )
        return (str(settings.warehouse_spark_python.absolute()), *SCRIPT)
    return (str(dbt_program(settings.warehouse_dbt)),)


def _beside(python: Path, engine: Engine) -> Path:
    """The `dbt` command in the environment of a Python."""
    program = python.absolute().with_name("dbt")
    if not program.is_file():
        raise DbtError(
            f"dbt-{engine} is not installed beside {python}: "
            f"run `make .venv/{engine}/.installed`, or set TXN_WAREHOUSE_{engine.upper()}_PYTHON (docs/redshift.md)"
        )
    return program
