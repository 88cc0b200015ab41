"""How a child process ends: with its parent, by a signal, or by itself."""

import os
import signal
import sys
from dataclasses import dataclass
from typing import Final

from txn_server.processes import tether
from txn_server.processes.restarts import KILLS

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
"""What asks a process of ours to end in order."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended."""

    returncode: int
    last_line: str

    def __str__(self) -> str:
        """The reason for people, in one line."""
        if self.returncode in KILLS:  # what it logged last has nothing to do with it
            by_memory = ", or the system for want of memory" if self.returncode == -signal.SIGKILL else ""
            return f"signal {signal.Signals(-self.returncode).name} (somebody sent it{by_memory})"
        if self.returncode < 0:
            reason = f"signal {signal.Signals(-self.returncode).name}"
        else:
            reason = f"exit code {self.returncode}"
        return f"{reason}: {self.last_line}" if self.last_line else reason


def tethered(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command that runs `argv` and ends when this process ends (see `tether`)."""
    return (sys.executable, "-I", "-S", str(tether.__file__), str(os.getpid()), *argv)
