"""`txn api`, `txn worker`, `txn bootstrap`: one process each, for containers and for the local stack.

What each needs is imported when it is asked for: a worker needs no web framework, the API none of the workers.
"""

# ruff: noqa: PLC0415 - see above

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from txn_cli.failure import one_error
from txn_core.settings import Settings
from txn_core.telemetry import configure_logging


class WorkerKind(StrEnum):
    """The views that workers make of the stream."""

    INDEX = "index"
    ARCHIVE = "archive"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (api, worker, bootstrap):
        app.command()(command)


def api() -> None:
    """Serve the HTTP API until SIGTERM; requests in flight are answered first."""
    from txn_api.app import create_app
    from txn_cli.httpserver import serve
    from txn_core.identity import KeyRing

    settings = Settings.from_environment()
    KeyRing.from_settings(settings)  # says in one line what a server's start would say in fifty
    configure_logging(settings.log_level, process="api")
    serve(create_app(settings), settings)


def worker(kind: Annotated[WorkerKind, typer.Argument(help="The view that it makes of the stream.")]) -> None:
    """Drain the stream into one view until SIGTERM; what is under way is finished and checkpointed first."""
    import uvloop

    from workers.runner import run

    settings = Settings.from_environment()
    configure_logging(settings.log_level, process=f"worker-{kind}")
    with one_error(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(kind.value, settings))


def bootstrap() -> None:
    """Make stream, tables and bucket; doing it again changes nothing."""
    from txn_core.bootstrap import bootstrap

    settings = Settings.from_environment()
    with one_error():
        asyncio.run(bootstrap(settings))
    print(f"Stream {settings.stream}, tables {settings.table_prefix}-*, bucket {settings.bucket}: usable")
