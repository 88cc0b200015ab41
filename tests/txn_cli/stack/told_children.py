"""Builders for small children, and the wait for a condition."""

import asyncio
import io
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from txn_cli.stack.children.child import ChildSpec, Probe
from txn_cli.stack.narrator import Narrator

WAIT_S_MAX = 150.0  # a process takes a minute to start where twenty others want its processor

FOREVER = "import signal; print('up', flush=True); signal.pause()"


def python(
    name: str, folder: Path, code: str, *, probe: Probe | None = None, stop_deadline_s: float = 10.0
) -> ChildSpec:
    """A child that runs some Python."""
    return ChildSpec(
        name=name,
        argv=(sys.executable, "-I", "-c", code),
        environment={},
        log=folder / f"{name}.log",
        probes=(probe,) if probe else (),
        start_deadline_s=10.0,
        stop_deadline_s=stop_deadline_s,
    )


@dataclass(slots=True)
class Told:
    """A narrator, and what it told."""

    out: io.StringIO = field(default_factory=io.StringIO)

    @property
    def narrator(self) -> Narrator:
        """Tells into `text`."""
        return Narrator(Console(file=self.out, width=300))

    @property
    def text(self) -> str:
        """All that was told so far."""
        return self.out.getvalue()


async def until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds."""
    async with asyncio.timeout(WAIT_S_MAX):
        while not condition():  # noqa: ASYNC110 - other processes make it hold
            await asyncio.sleep(0.01)


def wait_until(condition: Callable[[], bool]) -> None:
    """The same where nothing else runs."""
    deadline = time.monotonic() + WAIT_S_MAX
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come to hold"
        time.sleep(0.01)
