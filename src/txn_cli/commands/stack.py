"""`txn up`, `txn demo`, `txn status`: the whole system on this machine, and how far its workers are."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from txn_cli.meter import Meter
from txn_cli.stack.attachment import attach, metrics_urls
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.interruption import Interruption
from txn_cli.stack.localstack import local_stack
from txn_cli.stack.narrator import Narrator
from txn_cli.status.drain import Status
from txn_cli.status.observer import Observer
from txn_cli.status.report import document, progress_line, show
from txn_core.settings import Settings

DataDirOption = Annotated[
    Path, typer.Option("--data-dir", envvar="TXN_DATA_DIR", help="Folder of the local stack.", show_default=".txn")
]
PortOption = Annotated[
    int,
    typer.Option("--port", envvar="TXN_API_PORT", min=1, max=65_535, help="Port of the API, or the next free one."),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (up, status):
        app.command()(command)


def up(data_dir: DataDirOption = Path(".txn"), port: PortOption = 8080) -> None:
    """Run the local stack in the foreground; Ctrl-C drains and stops everything."""
    narrator = Narrator()
    interruption = Interruption(narrator)
    asyncio.run(interruption.run(_up(DataDir.at(data_dir), port, narrator, interruption)))
    narrator.say("Stopped; the data stays for the next start")


async def _up(data_dir: DataDir, port: int, narrator: Narrator, interruption: Interruption) -> None:
    async with local_stack(data_dir, port, narrator, interruption) as stack:
        narrator.links(stack.links)
        narrator.say("Ready. Ctrl-C drains and stops everything")
        await asyncio.Event().wait()  # until the interruption


def status(
    *,
    data_dir: DataDirOption = Path(".txn"),
    wait_caught_up: Annotated[
        bool, typer.Option("--wait-caught-up", help="Wait until every shard is drained to its tip.")
    ] = False,
    timeout: Annotated[float, typer.Option(min=0, help="How long to wait at most, seconds.")] = 300.0,
    as_json: JsonOption = False,
) -> None:
    """Lag, leases and counts of each worker; exit code 0 when every shard is drained to its tip.

    Looks at the local stack of the data directory, or without one at what the TXN_* settings name.
    """
    folder = DataDir.at(data_dir)
    settings = attach(folder) or Settings.from_environment()
    seen = asyncio.run(_status(settings, metrics_urls(folder), timeout if wait_caught_up else None))
    if as_json:
        print(json.dumps(document(seen)))
    else:
        show(seen, Console())
    raise typer.Exit(0 if seen.drained else 1)


async def _status(settings: Settings, urls: Mapping[str, str], timeout_s: float | None) -> Status:
    async with Observer.open(settings, urls) as observer:
        if timeout_s is None:
            return await observer.look()
        with Meter("Waiting for the workers") as meter:
            seen = await observer.look_until_drained(timeout_s, lambda s: meter.show(None, progress_line(s)))
        return seen or await observer.look()
