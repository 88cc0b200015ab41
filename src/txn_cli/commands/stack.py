"""`txn up`: the whole system on this machine, for as long as the command runs."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from txn_cli.stack.datadir import DataDir
from txn_cli.stack.interruption import Interruption
from txn_cli.stack.localstack import local_stack
from txn_cli.stack.narrator import Narrator

DataDirOption = Annotated[
    Path, typer.Option("--data-dir", envvar="TXN_DATA_DIR", help="Folder of the local stack.", show_default=".txn")
]
PortOption = Annotated[
    int,
    typer.Option("--port", envvar="TXN_API_PORT", min=1, max=65_535, help="Port of the API, or the next free one."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(up)


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
