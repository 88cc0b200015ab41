"""Where a single process works: at a running local stack when its folder is named, or else where TXN_* says."""

from pathlib import Path
from typing import Annotated

import typer

from txn_cli.stack.attachment import attach
from txn_cli.stack.datadir import DataDir
from txn_core.errors import StackError
from txn_core.settings import Settings

StackOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        envvar="TXN_DATA_DIR",
        help="Folder of a running local stack, to work there.",
        show_default=False,
    ),
]


def settings_at(data_dir: Path | None) -> Settings:
    """The settings of the stack that is ready in the folder; without a folder, those of the environment.

    Raises:
        SettingsError: a setting does not fit.
        StackError: no stack is ready in the folder.
    """
    if data_dir is None:
        return Settings.from_environment()
    if (settings := attach(DataDir.at(data_dir))) is None:
        raise StackError(f"no stack is ready in {data_dir}: start one with `txn up`")
    return settings
