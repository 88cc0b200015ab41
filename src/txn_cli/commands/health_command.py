"""`txn health`, with its help and its usage errors. As containers call it, `txn_cli.entry` answers by itself."""

from enum import StrEnum
from typing import Annotated

import typer

from txn_cli.health import PROCESSES, run

ProcessName = StrEnum("ProcessName", {name: name for name in PROCESSES})  # type: ignore[misc] # the names are there


def health(
    process: Annotated[
        ProcessName | None,
        typer.Argument(
            help="The process to ask.", show_default="worker where TXN_WORKER_METRICS_PORT is set, else api"
        ),
    ] = None,
) -> None:
    """Ask a process of this machine whether it lives; exit code 0 when it does.

    For the health check of a container: it is asked where its settings say that it listens, by TLS where the API
    speaks TLS, and costs a tenth of a second of CPU. The stores behind the process are not asked.
    """
    raise typer.Exit(run(process))
