"""One child process of the stack: started on a tether, its output in a log, stopped in bounded time."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx

from txn_cli.stack.datadir import PRIVATE_MODE
from txn_cli.trust import trust
from txn_core.exceptions import StackError
from txn_server.processes.ending import Ending
from txn_server.processes.tethered import TetheredProcess

LOG_BYTES_MAX = 8 << 20
LOG_TAIL_BYTES = 8_192
LAST_LINE_CHARACTERS_MAX = 300
PROBE_PAUSE_S = 0.05
PROBE_TIMEOUT_S = 5.0


class StartError(StackError):
    """A child ended before it answered."""


class AnswerProbe(Protocol):
    """How a child shows that it answers."""

    async def answers(self, client: httpx.AsyncClient) -> bool:
        """Whether the child answers now; the client is there for children that speak HTTP."""


@dataclass(frozen=True, slots=True)
class Probe:
    """How a child that speaks HTTP answers: with any status, or the one that is named, and `text` in its body.

    With any status it also answers when its body has the text `waits`: it runs, and waits for somebody to act.
    """

    url: str
    status: int | None = None
    text: str = ""
    waits: str = ""

    async def answers(self, client: httpx.AsyncClient) -> bool:
        """Whether the child answers now."""
        try:
            response = await client.get(self.url)
        except httpx.TransportError:
            return False
        if self.waits and self.waits in response.text:
            return True
        return self.status in {None, response.status_code} and self.text in response.text


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What a child is: the same each time it is started.

    Attributes:
        essential: whether the stack is of no use without it. A child that is not essential is tried again for as long
            as the stack runs, and never stops anything else.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    log: Path
    probes: tuple[AnswerProbe, ...] = ()
    start_deadline_s: float = (
        90.0  # an answer takes three; on a machine that is busy with other things, half a minute
    )
    stop_deadline_s: float = 10.0
    stop_signal: signal.Signals = signal.SIGTERM
    essential: bool = True


class Child(TetheredProcess):
    """A running child."""

    def __init__(self, spec: ChildSpec, process: asyncio.subprocess.Process, log_offset: int) -> None:
        super().__init__(process)
        self.spec = spec
        self._log_offset = log_offset

    @classmethod
    async def start(cls, spec: ChildSpec) -> "Child":
        """Start the child; its output goes to the log from here on."""
        spec.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _bound(spec.log)
        with spec.log.open("ab") as log:
            os.fchmod(log.fileno(), PRIVATE_MODE)
            begins = log.tell()  # before the child can write, which moves the offset that it shares with us
            environment = dict(spec.environment)
            process = await cls.spawn(spec.argv, env=environment, stdout=log, stderr=subprocess.STDOUT)
            return cls(spec, process, begins)

    async def ended(self) -> Ending:
        """How it ended, once it has."""
        returncode = await self._process.wait()
        return Ending(returncode, _last_line(self.spec.log, self._log_offset))

    async def answered(self) -> None:
        """Return once the child answers each of its probes; at once when it has none.

        Raises:
            StartError: it ended first.
            StackError: it did not answer within its start deadline.
        """
        try:
            async with asyncio.timeout(self.spec.start_deadline_s):
                await self._until_answer_or_end()
        except TimeoutError:
            limit = f"{self.spec.start_deadline_s:.0f} s"
            raise StackError(f"{self.spec.name} did not answer within {limit}: see {self.spec.log}") from None

    async def _until_answer_or_end(self) -> None:
        async with httpx.AsyncClient(timeout=PROBE_TIMEOUT_S, verify=trust(), trust_env=False) as client:
            for probe in self.spec.probes:
                while not await probe.answers(client):
                    if self._process.returncode is not None:
                        raise StartError(
                            f"{self.spec.name} ended at its start, {await self.ended()}: see {self.spec.log}"
                        )
                    await asyncio.sleep(PROBE_PAUSE_S)

    async def stop(self) -> Ending:
        """End the child: by its stop signal, then by SIGKILL when it is not gone within its stop deadline."""
        await self.end_within(self.spec.stop_deadline_s, self.spec.stop_signal)
        return await self.ended()

    def kill(self) -> None:
        """End the child at once."""
        self.send(signal.SIGKILL)


def _bound(log: Path) -> None:
    """Begin a new log when the old one has grown large; one old one is kept."""
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.1"))


def _last_line(log: Path, offset: int) -> str:
    """The last line that was written after `offset`, shortened; empty when there is none."""
    with log.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(offset, end - LOG_TAIL_BYTES))
        lines = file.read().decode(errors="replace").split("\n")
    written = [line.strip() for line in lines if line.strip()]
    return _event(written[-1])[:LAST_LINE_CHARACTERS_MAX] if written else ""


def _event(line: str) -> str:
    """What a line says: the event, of a line of JSON such as our own processes log."""
    try:
        document = json.loads(line)
    except ValueError:
        return line
    event = document.get("event") if isinstance(document, dict) else None
    return event.strip().rpartition("\n")[2] if isinstance(event, str) else line
