"""Options that name the system to work on, and what is said of it before anything is done there."""

from pathlib import Path
from typing import Annotated

import typer

from txn_cli.output.named import Named
from txn_cli.system import System, system_of
from txn_cli.terminal import ask, say
from txn_cli.warehouse.engines import CHOICES, Engine, engine_of
from txn_core.exceptions import StoreError

StackOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        envvar="TXN_DATA_DIR",
        readable=False,  # is not looked at here: the framework's word for one that is closed names no remedy
        help="Work on the local stack that runs in this folder.",
        show_default=".txn, where TXN_* name no other system",
    ),
]
AwsOption = Annotated[
    bool, typer.Option("--aws", help="Work on AWS, as TXN_* and AWS_* describe it; TXN_TARGET=aws says the same.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
TargetOption = Annotated[
    Engine,
    typer.Option(
        "--target",
        parser=engine_of,
        metavar=f"[{CHOICES}]",
        help="The engine that holds the warehouse's tables.",
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def system_at(data_dir: Path | None, *, aws: bool) -> System:
    """The system that options and environment name; says on standard error which one it is.

    Raises:
        TxnError: none is named and none runs here, or what is named does not fit together.
    """
    system = system_of(Named(data_dir, aws))
    announce(system.where)
    return system


def announce(where: str) -> None:
    """Say what is worked on, as the first line on standard error."""
    say(f"txn: target: {where}", error=True)


def agree(question: str, system: System, *, yes: bool) -> None:
    """Ask before something is destroyed that no local stack can make again.

    Raises:
        StoreError: the answer is no, or nobody is there to give one.
    """
    if system.is_local or yes:
        return
    if not ask(f"{question} ({system.where})"):
        raise StoreError("nothing was done: confirm it, or say --yes")
