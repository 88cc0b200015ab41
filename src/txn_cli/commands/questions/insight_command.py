"""`txn insight`: the service that answers questions to the warehouse, in a process of its own."""

# ruff: noqa: PLC0415 - the extra `warehouse`, and the web framework, are there when they are asked for

import os
from typing import Annotated

import structlog
import typer

from txn_cli.commands.place import AwsOption, StackOption
from txn_cli.exit_codes import ACTING, Outcome
from txn_cli.output.named import Named
from txn_cli.system import System, system_of
from txn_core.logs.telemetry import configure_logging
from txn_core.settings import Settings
from txn_core.transactions.identity import identity_key_of

_log = structlog.get_logger()


def insight(
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port to bind.", show_default="TXN_INSIGHT_PORT")
    ] = None,
    *,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Serve the questions to the warehouse over HTTP until SIGTERM, for keys with the scope insight:read.

    It reads the published DuckDB files alone, at a low priority and in bounded memory. `txn up --warehouse` and
    `txn demo` run it beside the warehouse.
    """
    from insight.http.app import create_insight
    from insight.http.services import Asked
    from insight.serving import serve
    from txn_api.edge.request_log import event_budget
    from txn_cli.warehouse.warehouse_place import folder_of
    from txn_server.http.listener import listening

    system = system_of(Named(data_dir, aws), deployed=True)
    settings = _settings(system, port)
    folder = folder_of(settings, data_dir, is_local=system.stack is not None).root
    configure_logging(settings.log_level, budget=event_budget(), process="insight")
    listener = listening(settings.insight_host, settings.insight_port)
    _log.info("target_chosen", target=system.where, folder=str(folder), port=listener.getsockname()[1])
    serve(create_insight(settings, Asked(folder, _end_process)), settings, listener)


def _settings(system: System, port: int | None) -> Settings:
    """The settings of the service. A local stack's pages are on its API's origin.

    Raises:
        SettingsError: the key is missing by which signed requests are verified.
    """
    settings = system.settings
    identity_key_of(settings)
    changes: dict[str, object] = {} if port is None else {"insight_port": port}
    if system.stack is not None and settings.insight_origin is None:
        changes["insight_origin"] = system.stack.api_url
    return settings.model_copy(update=changes)


def _end_process(reason: str) -> None:
    """End at once: the thread that runs the query takes no interruption, and whoever runs us starts us again."""
    _log.error("query_cannot_be_ended", reason=reason)
    os._exit(ACTING[Outcome.FAILED])
