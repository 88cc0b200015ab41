"""A child process on a tether: it ends when its supervisor ends, and is signalled and stopped in bounded time."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from txn_server.processes.ending import tethered

KILL_S_MAX: Final = 10.0
"""How long the system may take to end a process that was sent SIGKILL."""


class TetheredProcess:
    """It leads its own session, so that a terminal's Ctrl-C reaches the supervisor alone."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @staticmethod
    async def spawn(argv: Sequence[str], **options: Any) -> asyncio.subprocess.Process:
        """Start a command on the tether, with further options of `asyncio.create_subprocess_exec`."""
        return await asyncio.create_subprocess_exec(
            *tethered(tuple(argv)), stdin=subprocess.DEVNULL, start_new_session=True, **options
        )

    @property
    def pid(self) -> int:
        """The process id: of the command itself, since the tether becomes it."""
        return self._process.pid

    async def end_within(self, deadline_s: float, first: signal.Signals = signal.SIGTERM) -> bool:
        """Send a first signal, then SIGKILL when the process is not gone within the deadline; whether it was in time.

        Raises:
            TimeoutError: the process has not ended `KILL_S_MAX` seconds after SIGKILL.
        """
        self.send(first)
        try:
            async with asyncio.timeout(deadline_s):
                await self._process.wait()
        except TimeoutError:
            self.send(signal.SIGKILL)
            async with asyncio.timeout(KILL_S_MAX):
                await self._process.wait()
            return False
        return True

    def send(self, number: signal.Signals) -> None:
        """Signal the process. Not by asyncio's `send_signal`, which reaps and takes the return code from `wait`."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
