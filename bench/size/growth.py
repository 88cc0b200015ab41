"""Whether what a server takes grows: its disk and its own memory, in two halves of a time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from bench.size.watch import disk_bytes

GROWTH_MAX: Final = 1.1  # of the second half over the first
SLACK_BYTES: Final = 16 * 1024 * 1024  # a file of LevelDB more or less, and what a garbage collector leaves


@dataclass(frozen=True, slots=True)
class Server:
    """A server whose disk and memory are looked at."""

    name: str
    folder: Path
    pid: int

    def look(self) -> "Look":
        """What it takes now."""
        return Look(disk_bytes(self.folder).total(), own_memory_bytes(self.pid))


@dataclass(frozen=True, slots=True)
class Look:
    """The disk of a server, and its memory without the files that are mapped into it."""

    disk_bytes: int
    memory_bytes: int

    def __str__(self) -> str:
        return f"{self.disk_bytes / 1e6:.1f} MB of disk, {self.memory_bytes / 1e6:.0f} MB of memory"


@dataclass(frozen=True, slots=True)
class Halves:
    """The most that a server took in the first and in the second half of a day."""

    first: Look
    second: Look

    @classmethod
    def of(cls, looks: Sequence[Look]) -> Self:
        """The halves of what was seen."""
        middle = len(looks) // 2
        return cls(_most(looks[:middle]), _most(looks[middle:]))

    @property
    def flat(self) -> bool:
        """Whether the second half took no more than the first, but for some slack."""
        return self.second.disk_bytes <= bound_bytes(
            self.first.disk_bytes
        ) and self.second.memory_bytes <= bound_bytes(self.first.memory_bytes)


def bound_bytes(before: int) -> float:
    """What the second half may take when the first took so much."""
    return before * GROWTH_MAX + SLACK_BYTES


def own_memory_bytes(pid: int) -> int:
    """The memory of a process without the files that are mapped into it (RssAnon of proc(5))."""
    found = re.search(r"^RssAnon:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    if found is None:
        raise ProcessLookupError(pid)
    return int(found[1]) * 1024


def _most(looks: Sequence[Look]) -> Look:
    return Look(max(look.disk_bytes for look in looks), max(look.memory_bytes for look in looks))
