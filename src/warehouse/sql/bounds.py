"""What a query may take: memory, threads, time."""

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BESIDE_BYTES: Final = 512 << 20
"""What the process may allocate beside what the engine counts: rows that wait to be written, stacks of threads."""

_STATUS: Final = Path("/proc/self/status")
_UNITS: Final = {"MB": 10**6, "GB": 10**9}


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of one query.

    Attributes:
        memory: what the engine may hold, such as `800MB`.
        timeout_s: how long the query may take, its rows' way to the reader included.
    """

    memory: str
    threads: int
    timeout_s: float

    @property
    def memory_bytes(self) -> int:
        """The memory in bytes."""
        return int(self.memory[:-2]) * _UNITS[self.memory[-2:]]


@contextmanager
def bounded_memory(bytes_more: int) -> Iterator[None]:
    """Let this process allocate so much more for the time of the block, where the system can bound that (Linux).

    DuckDB's own limit counts what its buffers hold. It does not count a list that one function makes:
    `generate_series(1, 1000000000)` ended the process at 8 GB. With the system's limit the allocation fails, and
    DuckDB says so.
    """
    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    used = _data_bytes()
    if used is None:
        yield
        return
    wanted = used + bytes_more
    allowed = min(limit for limit in (wanted, before, hard) if limit != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, hard))


def _data_bytes() -> int | None:
    """What the limit counts of this process now, or None where the system does not tell (proc(5), VmData)."""
    with suppress(OSError):
        found = re.search(r"^VmData:\s+(\d+) kB$", _STATUS.read_text(encoding="ascii"), re.MULTILINE)
        return None if found is None else int(found[1]) << 10
    return None
