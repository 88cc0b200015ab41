"""What the kernel counts of another process (proc(5)), and where and how soon a thread of this one runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far, all its threads, in user and kernel mode; in steps of 10 ms."""
    return parse_cpu_s(Path(f"/proc/{pid}/stat").read_text())


def parse_cpu_s(stat: str) -> float:
    """The same from the text of /proc/PID/stat, whose second field may hold blanks and brackets."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def resident_bytes(pid: int) -> int:
    """The memory that a process holds (RSS)."""
    return parse_resident_bytes(Path(f"/proc/{pid}/statm").read_text())


def parse_resident_bytes(statm: str) -> int:
    """The same from the text of /proc/PID/statm."""
    return int(statm.split()[1]) * PAGE_BYTES


def resident_peak_bytes(pid: int) -> int:
    """The most memory that a process has held since it began (VmHWM)."""
    return parse_resident_peak_bytes(Path(f"/proc/{pid}/status").read_text())


def parse_resident_peak_bytes(status: str) -> int:
    """The same from the text of /proc/PID/status."""
    (peak,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) << 10


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Keep the calling thread, and the threads and processes that it starts, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def prioritise(niceness: int) -> None:
    """Set the niceness of the calling thread, and of what it starts; a lower one only where the system permits it."""
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
