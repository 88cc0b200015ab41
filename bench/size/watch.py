"""A stack under a long load, seen from outside: rows that are indexed, disk, memory."""

import os
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx
from devkit.running_stack import RunningStack

from bench.process_stats import resident_bytes
from bench.write_path.results import Result, compared, tell
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.stackports import StackPorts
from txn_cli.status.process import METRICS_PATH, parse_counts

LOOK_S: Final = 2.0
TELL_S: Final = 20.0
INDEX: Final = "index"


class Watch:
    """Samples by a thread while the block lasts, and tells how far the index is."""

    def __init__(self, stack: RunningStack, rows: int) -> None:
        ports = StackPorts.stored(DataDir.at(stack.data_dir))
        if ports is None:
            raise RuntimeError("the stack has no ports")
        self._url, self._folder, self._rows = ports.metrics_urls()[INDEX], stack.data_dir, rows
        self._names = {pid: name for name, pid in stack.ready["pids"].items()}
        self._ended = threading.Event()
        self._sampling = threading.Thread(target=self._sample)
        self._told_s = 0.0
        self.indexed: list[tuple[float, float]] = []
        self.peak_disk_bytes = self.peak_memory_bytes = 0
        self._peak_disk, self._peak_memory = Counter[str](), Counter[str]()

    def __enter__(self) -> Self:
        self._sampling.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._sampling.join()

    def shares(self) -> list[Result]:
        """The most that each server held on disk, and each process in memory; they have no bars."""
        return [
            compared(f"peak {what} of {name}, MB", [size / 1e6], [size / 1e6], None, by="memory")
            for what, peaks in (("disk", self._peak_disk), ("memory", self._peak_memory))
            for name, size in sorted(peaks.items())
        ]

    def _sample(self) -> None:
        with httpx.Client(base_url=self._url, trust_env=False) as client:
            while True:
                self._look(client)
                if self._ended.wait(LOOK_S):
                    return

    def _look(self, client: httpx.Client) -> None:
        disk, memory = disk_bytes(self._folder), memory_bytes(self._names)
        self.peak_disk_bytes = max(self.peak_disk_bytes, disk.total())
        self.peak_memory_bytes = max(self.peak_memory_bytes, memory.total())
        self._peak_disk |= disk
        self._peak_memory |= memory
        with suppress(httpx.TransportError):  # a worker that is busy, or starts again
            counts = parse_counts(INDEX, client.get(METRICS_PATH).text)
            self.indexed.append((time.perf_counter(), counts.get("records", 0.0)))
        if time.perf_counter() - self._told_s >= TELL_S and self.indexed:
            self._told_s = time.perf_counter()
            self._tell(disk, memory)

    def _tell(self, disk: Counter[str], memory: Counter[str]) -> None:
        now_s, rows = self.indexed[-1]
        recent = [sample for sample in self.indexed if now_s - sample[0] <= TELL_S]
        rate = (rows - recent[0][1]) / max(now_s - recent[0][0], LOOK_S)
        tell(
            f"{rows:12,.0f} of {self._rows:,} indexed ({rows / self._rows:4.0%}), {rate:6,.0f} rows/s, "
            f"disk {disk.total() / 1e9:.2f} GB, memory {memory.total() / 1e9:.2f} GB"
        )


def disk_bytes(folder: Path) -> Counter[str]:
    """What each entry of a folder takes on disk, with all that is in it. Files may vanish meanwhile."""
    sizes: Counter[str] = Counter()
    for top, _, files in os.walk(folder):
        for name in files:
            with suppress(FileNotFoundError):
                path = Path(top, name)
                sizes[path.relative_to(folder).parts[0]] += path.stat().st_blocks * 512
    return sizes


def memory_bytes(names: dict[int, str]) -> Counter[str]:
    """The resident memory of each process that descends from this one, mapped files included, by its name.

    Pages that several processes share count for each, so that the sum is more than they hold.
    """
    parents = _parents()
    sizes: Counter[str] = Counter()
    for pid in parents:
        name = _name(pid, parents, names)
        with suppress(FileNotFoundError, ProcessLookupError):
            if name is not None:
                sizes[name] += resident_bytes(pid)
    return sizes


def _parents() -> dict[int, int]:
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            parents[int(entry.name)] = int(fields[1])
    return parents


def _name(pid: int, parents: dict[int, int], names: dict[int, str]) -> str | None:
    """A process is called as its nearest ancestor that has a name; None if it is none of ours."""
    ours, at = os.getpid(), pid
    if pid == ours:
        return None
    while at and at != ours:
        if at in names:
            return names[at]
        at = parents.get(at, 0)
    return "commands" if at == ours else None
