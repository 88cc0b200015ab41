"""`txn api`, `txn worker`, `txn bootstrap`: one process each, for containers and for the local stack.

The API alone may be several (`TXN_API_PROCESSES`), under a supervisor that takes the one's place.

What each needs is imported when it is asked for: a worker needs no web framework, the API none of the workers.
"""

# ruff: noqa: PLC0415 - see above

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from txn_cli.commands.place import StackOption, settings_at
from txn_cli.failure import one_error
from txn_core.telemetry import configure_logging


class WorkerKind(StrEnum):
    """The views that workers make of the stream."""

    INDEX = "index"
    ARCHIVE = "archive"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (api, worker, bootstrap):
        app.command()(command)


def api(
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port to bind.", show_default="TXN_API_PORT")
    ] = None,
    data_dir: StackOption = None,
) -> None:
    """Serve the HTTP API until SIGTERM; requests in flight are answered first."""
    from txn_core.identity import KeyRing

    settings = settings_at(data_dir)
    if port is not None:
        settings = settings.model_copy(update={"api_port": port})
    KeyRing.from_settings(settings)  # says in one line what a server's start would say in fifty
    configure_logging(settings.log_level, process="api")
    if settings.api_processes == 1:
        from txn_cli.fleet.member import serve_api

        serve_api(settings)
    else:
        from txn_cli.fleet.supervisor import supervise

        with one_error():
            supervise(settings)


def worker(
    kind: Annotated[WorkerKind, typer.Argument(help="The view that it makes of the stream.")],
    data_dir: StackOption = None,
) -> None:
    """Drain the stream into one view until SIGTERM; what is under way is finished and checkpointed first."""
    import uvloop

    from workers.runner import run

    settings = settings_at(data_dir)
    configure_logging(settings.log_level, process=f"worker-{kind}")
    with one_error(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(kind.value, settings))


def bootstrap(data_dir: StackOption = None) -> None:
    """Make stream, tables and bucket; doing it again changes nothing."""
    from txn_core.bootstrap import bootstrap

    settings = settings_at(data_dir)
    with one_error():
        asyncio.run(bootstrap(settings))
    print(f"Stream {settings.stream}, tables {settings.table_prefix}-*, bucket {settings.bucket}: usable")
