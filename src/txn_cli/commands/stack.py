"""`txn up`, `txn demo`, `txn status`: the whole system on this machine, and how far its workers are."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from txn_cli import terminal
from txn_cli.commands.place import AwsOption, JsonOption, StackOption, announce, system_at
from txn_cli.demo.demo_size import SIMULATED_ROWS
from txn_cli.exit_codes import CHECKING, Outcome
from txn_cli.output.meter import Meter
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.interruption import Interruption
from txn_cli.stack.localstack import Extras, LocalStack, local_stack
from txn_cli.stack.narrator import Narrator
from txn_cli.status.drain import Status
from txn_cli.status.live import Watch
from txn_cli.status.observer import Observer
from txn_cli.status.process_urls import ProcessUrls
from txn_cli.status.status_report import document
from txn_cli.status.status_table import progress_line, show_status
from txn_cli.status.wanted_model import WantedModel
from txn_cli.warehouse_watch.installation import wanted_every_s
from txn_core.dynamodb.tables import FIRST_GENERATION
from txn_core.service_links import service_links
from txn_core.settings import Settings

DataDirOption = Annotated[
    Path,
    typer.Option(
        "--data-dir", envvar="TXN_DATA_DIR", readable=False, help="Folder of the local stack.", show_default=".txn"
    ),
]


def _port_given() -> str:
    """The port that the environment names, which is not always the setting (see `service_links`)."""
    own = {name: value for name, value in os.environ.items() if name not in service_links(os.environ)}
    return own.get("TXN_API_PORT", "8080")


PortOption = Annotated[
    int,
    typer.Option(
        "--port",
        default_factory=_port_given,
        min=1,
        max=65_535,
        help="Port of the API; the next free one if it is taken.",
        show_default="TXN_API_PORT, or 8080",
    ),
]

WarehouseOption = Annotated[
    bool | None,
    typer.Option(
        "--warehouse/--no-warehouse",
        help="Run the warehouse every TXN_WAREHOUSE_EVERY_S seconds (60), when the lake has something new.",
        show_default="`txn demo` runs it, `txn up` only if TXN_WAREHOUSE_EVERY_S is set",
    ),
]

ScoreOption = Annotated[bool, typer.Option("--score/--no-score", help="Run the scorer.")]

PRINTED_COLUMNS: Final = 160
"""How wide tables are that are printed where there is no terminal: wide enough for a lease owner's name."""


def up(
    *,
    data_dir: DataDirOption = Path(".txn"),
    port: PortOption,
    postgres: Annotated[
        bool, typer.Option("--postgres", help="Also run a PostgreSQL, for the warehouse and the normalised database.")
    ] = False,
    warehouse: WarehouseOption = None,
    score: ScoreOption = True,
) -> None:
    """Run the local stack in the foreground; Ctrl-C drains and stops everything."""
    narrator = Narrator()

    async def stay(stack: LocalStack) -> None:
        narrator.links(stack.links)
        await _stay(narrator)

    wanted = partial(wanted_every_s, narrator, asked=warehouse, by_default=False)
    _run(DataDir.at(data_dir), port, narrator, stay, lambda: Extras(postgres, wanted(), score))


def demo(
    *,
    file: Annotated[
        Path | None, typer.Option(help="File with rows, as for `txn load`.", show_default="simulated rows")
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option(min=1, help="How many rows.", show_default=f"all of a file, {SIMULATED_ROWS} simulated"),
    ] = None,
    leave: Annotated[bool, typer.Option("--exit", help="Stop at the end instead of staying up.")] = False,
    data_dir: DataDirOption = Path(".txn"),
    port: PortOption,
    warehouse: WarehouseOption = None,
    score: ScoreOption = True,
) -> None:
    """Run the local stack, load rows, and show what it does with them."""
    from txn_cli.demo.showcase import show  # noqa: PLC0415 - the extra `local`

    narrator = Narrator()

    async def show_and_stay(stack: LocalStack) -> None:
        await show(stack, file, rows, narrator)
        if not leave:
            await _stay(narrator)

    wanted = partial(wanted_every_s, narrator, asked=warehouse, by_default=True)
    _run(
        DataDir.at(data_dir), port, narrator, show_and_stay, lambda: Extras(warehouse_every_s=wanted(), scorer=score)
    )


async def _stay(narrator: Narrator) -> None:
    """Until the interruption."""
    narrator.say("Ready. Ctrl-C drains and stops everything")
    await asyncio.Event().wait()


def _run(
    data_dir: DataDir,
    port: int,
    narrator: Narrator,
    work: Callable[[LocalStack], Awaitable[None]],
    wanted: Callable[[], Extras],
) -> None:
    """Do something with a stack that runs for as long as that takes; which stack, is said before anything else."""
    announce(f"local stack in {data_dir.root}")
    extras = wanted()
    interruption = Interruption(narrator)

    async def run() -> None:
        async with local_stack(data_dir, port, narrator, interruption, extras) as stack:
            await work(stack)

    asyncio.run(interruption.run(run()))
    narrator.say(f"Stopped; the data stays in {data_dir.root}")


def status(
    *,
    data_dir: StackOption = None,
    aws: AwsOption = False,
    wait_caught_up: Annotated[
        bool, typer.Option("--wait-caught-up", help="Wait until every shard is drained to its tip.")
    ] = False,
    timeout: Annotated[float, typer.Option(min=0, help="How long to wait at most, seconds.")] = 300.0,
    generation: Annotated[
        int | None,
        typer.Option(
            min=FIRST_GENERATION, help="The generation of the index to look at.", show_default="TXN_INDEX_GENERATION"
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Print once and end, also on a terminal.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show API, workers, counts, and shards with owner and lag; exit code 0 when every shard is drained to its tip.

    Exit code 1 when a shard is not drained, 2 when that cannot be seen. On a terminal the tables
    stay up to date until Ctrl-C; elsewhere, and with --json, they are printed once.
    """
    system = system_at(data_dir, aws=aws)
    settings, urls = system.settings, system.urls
    if generation not in {None, settings.index_generation}:
        # What the workers count is of another generation.
        settings, urls = settings.model_copy(update={"index_generation": generation}), ProcessUrls(urls.api)
    console = terminal.console()
    if not console.is_terminal:
        console.width = PRINTED_COLUMNS
    if console.is_terminal and not (as_json or once or wait_caught_up):
        seen = asyncio.run(_watched(settings, urls, console))
    else:
        seen = asyncio.run(_status(settings, urls, timeout if wait_caught_up else None))
        if as_json:
            terminal.say_document(document(seen))
        else:
            show_status(seen, console)
    raise typer.Exit(CHECKING[Outcome.DONE if seen is not None and seen.drained else Outcome.FINDING])


async def _watched(settings: Settings, urls: ProcessUrls, console: Console) -> Status | None:
    """Show the status until Ctrl-C; the last one, if there was any."""
    async with WantedModel.open(settings) as wanted, Observer.open(settings, urls, wanted) as observer:
        shown = Watch(observer, console)
        with suppress(asyncio.CancelledError):  # which is how asyncio.run hands on Ctrl-C
            await shown.run()
        return shown.last


async def _status(settings: Settings, urls: ProcessUrls, timeout_s: float | None) -> Status:
    async with WantedModel.open(settings) as wanted, Observer.open(settings, urls, wanted) as observer:
        if timeout_s is None:
            return await observer.look()
        with Meter("Waiting for the workers") as meter:
            seen = await observer.look_until_drained(timeout_s, lambda s: meter.show(None, progress_line(s)))
        return seen or await observer.look()
