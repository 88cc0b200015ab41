"""One run of the warehouse as a child process.

The memory of a run goes with its process. An engine that is ended for want of memory, or crashes, takes nothing else
along: it is a run that failed.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from txn_core.printable import printable
from txn_server.processes.ending import Ending
from txn_server.processes.tethered import TetheredProcess

STOP_S_MAX: Final = 5.0
"""How long a run that is interrupted gets for its end. What a killed one leaves, the next run continues."""
SAID_BYTES_MAX: Final = 64 << 10
ERROR_CHARACTERS_MAX: Final = 400
_OURS: Final = "txn: "


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What became of a run.

    Attributes:
        rows: rows that it loaded.
        built: whether it built tables.
        error: why it failed, in one line; empty when it did not.
    """

    rows: int = 0
    built: bool = False
    error: str = ""


def run_command(folder: Path) -> tuple[str, ...]:
    """The command that runs the warehouse of a local stack once."""
    return (sys.executable, "-m", "txn_cli.main", "warehouse", "run", "--json", "--data-dir", str(folder))


async def run_once(command: Sequence[str]) -> RunOutcome:
    """Run to the end. When cancelled, the run is ended first, dbt included."""
    try:
        process = await TetheredProcess.spawn(command, stdout=PIPE, stderr=PIPE, env=dict(os.environ))
    except OSError as error:
        return RunOutcome(error=f"cannot start a run: {error.strerror}")
    child = TetheredProcess(process)
    assert process.stdout is not None  # noqa: S101 - both are pipes
    assert process.stderr is not None  # noqa: S101
    try:
        said, errors = await asyncio.gather(_last_bytes(process.stdout), _last_bytes(process.stderr))
        code = await process.wait()
    except asyncio.CancelledError:
        await child.end_within(STOP_S_MAX, signal.SIGINT)
        raise
    return _outcome(code, said, errors)


async def _last_bytes(stream: asyncio.StreamReader) -> bytes:
    """The last part of what a stream gives until its end: a child that says much does not fill the memory."""
    kept = b""
    while part := await stream.read(SAID_BYTES_MAX):
        kept = (kept + part)[-SAID_BYTES_MAX:]
    return kept


def _outcome(code: int, said: bytes, errors: bytes) -> RunOutcome:
    if code:
        lines = [line.strip() for line in errors.decode(errors="replace").splitlines() if line.strip()]
        # Without a line of ours it did not come so far as to say why.
        told = next((line.removeprefix(_OURS) for line in reversed(lines) if line.startswith(_OURS)), "")
        last = told if code > 0 and told else str(Ending(code, lines[-1] if lines else ""))
        return RunOutcome(error=printable(last)[:ERROR_CHARACTERS_MAX])
    with suppress(ValueError, LookupError, TypeError):
        document = json.loads(said)
        return RunOutcome(int(document["loaded_rows"]), document["built"] != "nothing")
    return RunOutcome(error="the run said nothing of what it did")
