"""`txn api`, `txn worker`, `txn bootstrap`, `txn health`: one process each, for containers and for the local stack.

The API alone may be several (`TXN_API_PROCESSES`), under a supervisor that takes the one's place.

What each needs is imported when it is asked for: a worker needs no web framework, the API none of the workers.
"""

# ruff: noqa: PLC0415 - see above

import asyncio
import os
import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import structlog
import typer

from txn_cli.commands.drain_names import INGEST, OneWorker
from txn_cli.commands.place import AwsOption, StackOption, announce
from txn_cli.health import PROCESSES
from txn_cli.health import run as run_health
from txn_cli.output.named import Named
from txn_cli.system import System, system_of
from txn_cli.terminal import say, say_document
from txn_core import drains
from txn_core.drains import INDEX, SCORE, DrainDefinition
from txn_core.dynamodb.tables import FIRST_GENERATION
from txn_core.exceptions import SettingsError
from txn_core.logs.telemetry import configure_logging
from txn_core.service_links import service_links
from txn_core.settings import Settings

if TYPE_CHECKING:
    from workers.context import OpenDrain
    from workers.rebuild.rebuild import Origin

API_PROCESS: Final = (sys.executable, "-m", "txn_cli.api_process")
"""The command of one of several processes of the API. A supervisor needs none of what its module imports."""
ProcessName = StrEnum("ProcessName", {name: name for name in PROCESSES})  # type: ignore[misc] # the names are there
_log = structlog.get_logger()


def api(
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port to bind.", show_default="TXN_API_PORT")
    ] = None,
    *,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Serve the HTTP API until SIGTERM; requests in flight are answered first."""
    from txn_core.transactions.identity import KeyRing
    from txn_server.http.tls import context_factory

    system = _system(data_dir, aws=aws)
    settings = system.settings
    if port is not None:
        settings = settings.model_copy(update={"api_port": port})
    # These say in one line what a server's start would say in fifty.
    KeyRing.from_settings(settings)
    for endpoint_url in (settings.kinesis_endpoint_url, settings.dynamodb_endpoint_url):
        settings.region_at(endpoint_url)
    context_factory(settings)
    if settings.api_processes == 1:
        from txn_api.edge.request_log import event_budget
        from txn_cli.api_process import serve_api

        configure_logging(settings.log_level, budget=event_budget(), process="api")
        _log_start(system)
        serve_api(settings)
    else:
        configure_logging(settings.log_level, process="api")
        _log_start(system)
        from txn_server.processes.supervisor import supervise

        supervise(settings, API_PROCESS)


def worker(
    kind: Annotated[
        OneWorker,
        typer.Argument(
            help="The view to make of the stream; or ingest, which takes in the files of the clients' bucket."
        ),
    ],
    *,
    since: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TRIM_HORIZON|AT_TIMESTAMP=TIME",
            help="Rebuild the index from the stream: all of it, or what arrived from an RFC 3339 time on.",
        ),
    ] = None,
    from_lake: Annotated[
        bool,
        typer.Option(
            "--from-lake",
            help="Rebuild the index from the lake, then from the stream; or fill card states for a first scorer.",
        ),
    ] = False,
    into: Annotated[
        int | None,
        typer.Option(
            min=FIRST_GENERATION + 1,
            help="The generation of the index to build.",
            show_default="the one after TXN_INDEX_GENERATION",
        ),
    ] = None,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Drain the stream into one view until SIGTERM; work under way is finished and checkpointed first.

    `score --from-lake` first fills the states of cards from the lake, up to where the archive has come, and goes on
    from there: what came before gets no score. It is for a scorer that never ran (docs/scoring.md).

    With --from or --from-lake it rebuilds the index, into new tables beside those that are served. The same command
    continues a rebuild that was stopped, and shares it among several processes (docs/rebuild.md).

    `ingest` reads no stream: it uploads the files that clients put into TXN_INGEST_BUCKET (docs/ingest.md).
    """
    if kind == INGEST:
        _require_no_origin(since, into, from_lake=from_lake)
        _ingest(_system(data_dir, aws=aws))
        return
    import uvloop

    from workers.hosts.process import run

    drain = drains.REGISTRY[kind]
    fills = drain is SCORE and from_lake and since is None and into is None
    origin = None if fills else _origin(drain, since, from_lake=from_lake)
    if origin is None and into is not None:
        raise SettingsError("--into goes with --from or --from-lake")
    system = _system(data_dir, aws=aws)
    settings = system.settings if origin is None else _rebuilding(system.settings, into)
    configure_logging(settings.log_level, process=f"worker-{kind}")
    _log_start(system)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(drain, settings, _filled() if fills else None if origin is None else _built_from(origin)))


def _ingest(system: System) -> None:
    """Take in clients' files until SIGTERM."""
    import uvloop

    from workers.ingest.ingest_process import run

    configure_logging(system.settings.log_level, process=f"worker-{INGEST}")
    _log_start(system)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(system.settings))


def _require_no_origin(since: str | None, into: int | None, *, from_lake: bool) -> None:
    if since is not None or from_lake or into is not None:
        raise SettingsError("only the index can be rebuilt: --from, --from-lake and --into do not go with ingest")


def _system(data_dir: Path | None, *, aws: bool) -> System:
    """The system that this process becomes a part of; a deployment's environment names its own."""
    return system_of(Named(data_dir, aws), deployed=True)


def _log_start(system: System) -> None:
    """Log which system this is, and the names of variables that look like settings and are not."""
    _log.info("target_chosen", target=system.where)
    if links := service_links(os.environ):
        _log.warning("service_links_ignored", variables=sorted(links))


def _origin(drain: DrainDefinition, since: str | None, *, from_lake: bool) -> "Origin | None":
    """The place from which the index is to be rebuilt, or None.

    Raises:
        SettingsError: the options do not go together.
    """
    if since is None and not from_lake:
        return None
    from workers.rebuild.rebuild import LAKE, Origin

    if drain is SCORE:
        raise SettingsError(
            "only the index can be rebuilt: the scorer takes --from-lake alone, which fills card states"
        )
    if drain is not INDEX:
        raise SettingsError("only the index can be rebuilt: a second lake would need a second bucket")
    if since is None:
        return LAKE
    if from_lake:
        raise SettingsError("--from and --from-lake exclude each other")
    return Origin.parse(since)


def _built_from(origin: "Origin") -> "OpenDrain":
    """What opens the index to be built from an origin."""
    from workers.index.index_drain import open_index

    return partial(open_index, origin=origin)


def _filled() -> "OpenDrain":
    """What opens the scorer behind states that are filled from the lake."""
    from workers.score.score_drain import open_score

    return partial(open_score, from_lake=True)


def _rebuilding(settings: Settings, into: int | None) -> Settings:
    """The settings with the generation that is built in the place of the one that is served, and the reads for it.

    Raises:
        SettingsError: it is the one that is served.
    """
    served = settings.index_generation
    if into == served:
        raise SettingsError(f"generation {into} is the one that is served: build into another")
    from workers.reading.budget import settings_for_rebuilding

    building = settings_for_rebuilding(settings, INDEX.name)
    return building.model_copy(update={"index_generation": into or served + 1})


def bootstrap(
    data_dir: StackOption = None,
    *,
    aws: AwsOption = False,
    layout: Annotated[
        bool, typer.Option(help="Print as JSON what TXN_* would have made where nothing is, and ask nobody.")
    ] = False,
    item_form: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=2,
            help="How the index is written from now on: 1 as text, 2 packed, once every process can read it.",
            show_default="as it is; 2 in a new table",
        ),
    ] = None,
) -> None:
    """Make stream, tables and bucket; a second run changes nothing.

    It needs the rights to make what is missing, and to describe what is there. --item-form is for the generation of
    the index that TXN_INDEX_GENERATION names. Workers follow a change of it within a minute; items that are there
    stay as they are, and are read. Form 1 ends what the generation keeps of relations.
    """
    from txn_core.bootstrap import layout_of

    if layout and item_form is not None:
        raise typer.BadParameter("--layout changes nothing: say one of both", param_hint="--item-form")
    if layout:
        say_document(
            layout_of(Settings.from_environment() if data_dir is None else _system(data_dir, aws=aws).settings)
        )
        return
    system = _system(data_dir, aws=aws)
    settings = system.settings
    announce(system.where)
    kept, changed = asyncio.run(_bootstrap(settings, item_form))
    say(f"Stream {settings.stream}, tables {settings.table_prefix}-*, bucket {settings.lake_bucket}: usable")
    if changed is not None:
        say(changed)
    if kept:
        say(f"Expired rows stay, since this server has no TTL: {', '.join(sorted(kept))}")


async def _bootstrap(settings: Settings, item_form: int | None) -> tuple[frozenset[str], str | None]:
    """Make what is missing. The tables where expired rows stay, and in words what a named item form changed."""
    from txn_cli.status.index_layout import IndexLayout
    from txn_core.aws.clients import Aws
    from txn_core.bootstrap import bootstrap
    from txn_core.dynamodb.item_form import ItemForm

    if item_form is None:
        return await bootstrap(settings), None
    async with Aws(settings).dynamodb() as client:
        before = await IndexLayout.read(client, settings)
        if before is None and settings.index_generation != FIRST_GENERATION:
            raise SettingsError(f"generation {settings.index_generation} of the index is not there: build it first")
        kept = await bootstrap(settings, item_form=ItemForm(item_form))
        after = await IndexLayout.read(client, settings)
    return kept, None if after is None else after.line_after(before)


def health(
    process: Annotated[
        ProcessName | None,
        typer.Argument(
            help="The process to ask.", show_default="worker where TXN_WORKER_METRICS_PORT is set, else api"
        ),
    ] = None,
) -> None:
    """Ask a process of this machine whether it lives; exit code 0 when it does.

    For the health check of a container, which `txn_cli.entry` answers by itself. The process is asked where its
    settings say that it listens, by TLS where the API speaks TLS. The stores behind it are not asked.
    """
    raise typer.Exit(run_health(process))
