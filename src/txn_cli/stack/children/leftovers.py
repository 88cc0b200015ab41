"""Processes that a killed supervisor left behind: found again by what proves that they are ours, and ended.

A process id alone proves nothing, since the system gives it to others later; the id together with the moment
the process started does.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from txn_cli.stack.datadir import DataDir, read_as, write_private
from txn_core.exceptions import StackError

TERMINATE_S_MAX = 5.0
KILL_S_MAX = 5.0
PAUSE_S = 0.05
PS_S_MAX = 5.0
STAT_STARTTIME = 19
"""Place of `starttime` (proc(5), field 22) among the fields after the command's closing parenthesis."""


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """One process and no other, also after its id was used again."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "ProcessMark | None":
        """The mark of a running process; none when there is no such process."""
        started = _started(pid)
        return None if started is None else cls(pid, started)

    def is_running(self) -> bool:
        """Whether this very process still runs."""
        return _started(self.pid) == self.started

    def send(self, number: signal.Signals) -> None:
        """Signal the process, unless it is gone."""
        if self.is_running():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def note(data_dir: DataDir, pids: Mapping[str, int]) -> None:
    """Keep which processes are this stack's, for a next start after a crash."""
    marks = {name: asdict(mark) for name, pid in pids.items() if (mark := ProcessMark.of(pid)) is not None}
    write_private(data_dir.children, marks)


def end(data_dir: DataDir) -> list[str]:
    """End what an earlier supervisor of this folder left running, and return the names. The folder is locked.

    Raises:
        StackError: a process did not end; its data is not safe to open.
    """
    noted = read_as(data_dir.children, dict[str, ProcessMark]) or {}
    left = {name: mark for name, mark in noted.items() if mark.is_running()}
    _end_all(left.values(), signal.SIGTERM, TERMINATE_S_MAX)
    _end_all(left.values(), signal.SIGKILL, KILL_S_MAX)
    for name, mark in left.items():
        if mark.is_running():
            raise StackError(f"{name} of an earlier start (process {mark.pid}) does not end")
    data_dir.children.unlink(missing_ok=True)
    return list(left)


def _end_all(marks: Iterable[ProcessMark], number: signal.Signals, wait_s_max: float) -> None:
    waiting = [mark for mark in marks if mark.is_running()]
    for mark in waiting:
        mark.send(number)
    deadline = time.monotonic() + wait_s_max
    while any(mark.is_running() for mark in waiting) and time.monotonic() < deadline:
        time.sleep(PAUSE_S)


def _started(pid: int) -> str | None:
    """When a process started, in the system's own terms; none when it does not run, or only as a zombie."""
    if Path("/proc/self/stat").exists():
        return _started_proc(pid)
    found = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)],  # noqa: S607 - POSIX has it, each system elsewhere
        capture_output=True,
        text=True,
        timeout=PS_S_MAX,
        check=False,
    )
    return found.stdout.strip() or None


def _started_proc(pid: int) -> str | None:
    """The boot and the clock ticks since it; ticks alone may repeat after a reboot."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else f"{boot}/{fields[STAT_STARTTIME - 1]}"
