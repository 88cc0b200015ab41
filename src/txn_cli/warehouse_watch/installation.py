"""Whether a warehouse can run here: the extra that brings its engines, and dbt in an environment of its own."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from txn_cli.extras import missing
from txn_cli.stack.narrator import Narrator
from txn_core.exceptions import StackError
from txn_core.settings import Settings

EVERY_S: Final = 60.0
"""How often the warehouse runs where nobody says."""
_MODULES: Final = ("pyarrow", "duckdb", "adbc_driver_postgresql")


def lacking(dbt: Path | None = None) -> str | None:
    """What is not installed, with a remedy, or None. The `dbt` command is the one that is named, or our own."""
    if (lack := modules_lacking()) is not None:
        return lack
    from warehouse.dbt.environment import dbt_program  # noqa: PLC0415 - the extra `warehouse`

    try:
        dbt_program(dbt)
    except StackError as error:
        return str(error)
    return None


def modules_lacking() -> str | None:
    """What of the extra that brings the engines is not installed, with a remedy, or None."""
    absent = next((module for module in _MODULES if find_spec(module) is None), None)
    return None if absent is None else missing("warehouse", f"{absent} is")


def wanted_every_s(narrator: Narrator, *, asked: bool | None, by_default: bool) -> float:
    """How often the warehouse is to run, seconds; 0 for never.

    An option goes before the setting, and the setting before what is so by default.

    Raises:
        StackError: an option asks for it, and it cannot run here. Where nobody asked by an option, that is told.
        SettingsError: a setting is wrong.
    """
    settings = Settings.from_environment()
    every_s, is_set = settings.warehouse_every_s, "warehouse_every_s" in settings.model_fields_set
    if not (asked if asked is not None else every_s if is_set else by_default):
        return 0.0
    if (lack := lacking(settings.warehouse_dbt)) is not None:
        if asked:
            raise StackError(lack)
        narrator.warn(f"Without the warehouse: {lack}")
        return 0.0
    return every_s or EVERY_S
