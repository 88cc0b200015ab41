"""One running process of the fleet, on a tether: it shares the listening socket, and ends with its supervisor."""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from txn_api.process_metrics import socket_of
from txn_server.processes.ending import tethered


class Process:
    """It leads its own session, so that a terminal's Ctrl-C reaches the supervisor alone."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self._process = process
        self._socket = socket_of(folder, process.pid)

    @classmethod
    async def start(cls, command: Sequence[str], listener: socket.socket, folder: Path) -> "Process":
        """Start `command LISTENER FOLDER`; its output is the supervisor's."""
        number = listener.fileno()
        process = await asyncio.create_subprocess_exec(
            *tethered((*command, str(number), str(folder))),
            stdin=subprocess.DEVNULL,
            pass_fds=(number,),
            start_new_session=True,
        )
        return cls(process, folder)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def has_started(self) -> bool:
        """Whether its application has started: from then on it serves its metrics to the other processes."""
        return self._socket.exists()

    async def ended(self) -> int:
        """Its return code, once it has ended."""
        return await self._process.wait()

    def forget(self) -> None:
        """Remove what it leaves behind."""
        self._socket.unlink(missing_ok=True)

    def send(self, number: signal.Signals) -> None:
        """Signal it. Not by `Process.send_signal`, which reaps and so takes the return code from `wait`."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
