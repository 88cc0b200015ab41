"""`txn api`, `txn worker`, `txn bootstrap`: one process each, for containers and for the local stack.

What each needs is imported when it is asked for: a worker needs no web framework, the API none of the workers.
"""

# ruff: noqa: PLC0415 - see above

import asyncio

import typer

from txn_core.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(api)
    app.command()(bootstrap)


def api() -> None:
    """Serve the HTTP API until SIGTERM; requests in flight are answered first."""
    from txn_api.app import create_app
    from txn_cli.httpserver import serve
    from txn_core.telemetry import configure_logging

    settings = Settings.from_environment()
    configure_logging(settings.log_level, process="api")
    serve(create_app(settings), settings)


def bootstrap() -> None:
    """Make stream, tables and bucket; doing it again changes nothing."""
    from txn_core.bootstrap import bootstrap

    settings = Settings.from_environment()
    asyncio.run(bootstrap(settings))
    print(f"Stream {settings.stream}, tables {settings.table_prefix}-*, bucket {settings.bucket}: usable")
