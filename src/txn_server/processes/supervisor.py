"""Keeps several processes behind one listening socket: starts, restarts and ends them, and serves nothing itself.

uvicorn's own supervisor was not taken: it starts a crashing process again twice a second for ever, waits without a
bound for one that does not end, ends with 0 when one cannot start, and leaves its processes when it is killed.
"""

import asyncio
import signal
import socket
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from txn_core.exceptions import ServingError
from txn_core.settings import Settings
from txn_server.http.listener import listening
from txn_server.processes.ending import SIGNALS, Ending
from txn_server.processes.folder import socket_folder
from txn_server.processes.process import Process
from txn_server.processes.restarts import End, RestartPolicy

END_SLACK_S: Final = 2.0
"""What a process gets to end in, on top of its own deadline for draining. The stack gives all of us five seconds."""

_log = structlog.get_logger()


def supervise(settings: Settings, command: Sequence[str]) -> None:
    """Serve with `settings.api_processes` processes until SIGTERM or SIGINT; each answers what it has in flight.

    Each is started by `command LISTENER FOLDER`, as `Process.start` says.

    Raises:
        ServingError: the port cannot be had, a process cannot start, or one did not end in time and was killed.
    """
    with (
        listening(settings.api_host, settings.api_port) as listener,
        socket_folder() as folder,
    ):
        fleet = Fleet(command, listener, folder, settings.shutdown_deadline_s + END_SLACK_S)
        asyncio.run(fleet.run(settings.api_processes))


class Fleet:
    """The processes of one port."""

    def __init__(
        self,
        command: Sequence[str],
        listener: socket.socket,
        folder: Path,
        end_deadline_s: float,
        policy: RestartPolicy | None = None,
    ) -> None:
        self._command, self._listener, self._folder = command, listener, folder
        self._end_deadline_s = end_deadline_s
        self._policy = policy or RestartPolicy()
        self._running: set[Process] = set()
        self._keeping: list[asyncio.Task[None]] = []
        self._ending = False
        self._faults: list[ServingError] = []

    async def run(self, count: int) -> None:
        """Keep so many processes running until a signal, or until one cannot start.

        Raises:
            ServingError: as `supervise` says, but for the port.
        """
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._take, number)
        # Whoever reads this may signal: before, that would have been a death.
        _log.info("serving", address=self._listener.getsockname()[:2], processes=count)
        async with asyncio.TaskGroup() as tasks:
            self._keeping = [tasks.create_task(self._keep()) for _ in range(count)]
        if self._faults:
            raise self._faults[0]

    def _take(self, number: signal.Signals) -> None:
        """The first signal ends the fleet; further ones are the processes' own affair, as if each were alone."""
        if self._ending:
            for process in self._running:
                process.send(number)
        else:
            _log.info("stopping", signal=number.name)
            self._end()

    def _end(self) -> None:
        """Have every process end. Nobody is to connect to a socket that no process takes connections from."""
        self._ending = True
        self._listener.close()
        for task in self._keeping:
            task.cancel()

    async def _keep(self) -> None:
        """Keep one place taken."""
        ends: deque[End] = deque(maxlen=self._policy.ends_max)
        has_started = False
        while not self._ending:
            process = await Process.start(self._command, self._listener, self._folder)
            self._running.add(process)
            try:
                returncode = await process.ended()
            except asyncio.CancelledError:
                await self._stop(process)
                raise
            finally:
                has_started = has_started or process.has_started
                self._running.remove(process)
                process.forget()
            ends.append(End(time.monotonic(), returncode))
            pause_s = self._pause_s(ends, has_started=has_started)
            if pause_s is None:
                self._faults.append(
                    ServingError(
                        f"a process of the API does not start or stay up ({Ending(returncode, '')}): its log says why"
                    )
                )
                if not self._ending:
                    self._end()
                return
            _log.warning("process_ended", pid=process.pid, reason=str(Ending(returncode, "")), again_in_s=pause_s)
            await asyncio.sleep(pause_s)

    def _pause_s(self, ends: "deque[End]", *, has_started: bool) -> float | None:
        """How long to wait before the next start; none to give up.

        One that ends by itself before it ever started would do so again. One that cannot come back any more is no
        reason to take the others from their clients.
        """
        if not (has_started or ends[-1].was_killed):
            return None
        others_serve = any(process.has_started for process in self._running)
        return self._policy.pause_s(ends) or (self._policy.pause_s_max if others_serve else None)

    async def _stop(self, process: Process) -> None:
        """End a process: SIGTERM, then SIGKILL when it has not drained within the deadline."""
        if not await process.end_within(self._end_deadline_s):
            self._faults.append(
                ServingError(f"process {process.pid} did not end within {self._end_deadline_s:g} s and was killed")
            )
        elif (returncode := await process.ended()) > 0:
            self._faults.append(ServingError(f"process {process.pid} ended with exit code {returncode}"))
