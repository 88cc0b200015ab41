"""One running process of the fleet: it shares the listening socket, and tells its metrics over one of its own."""

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

from txn_api.process_metrics import socket_of
from txn_server.processes.tethered import TetheredProcess


class Process(TetheredProcess):
    """A process that serves the port."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        super().__init__(process)
        self._socket = socket_of(folder, process.pid)

    @classmethod
    async def start(cls, command: Sequence[str], listener: socket.socket, folder: Path) -> "Process":
        """Start `command LISTENER FOLDER`; its output is the supervisor's."""
        number = listener.fileno()
        return cls(await cls.spawn((*command, str(number), str(folder)), pass_fds=(number,)), folder)

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
