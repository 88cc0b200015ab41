"""The warehouse's folder: the work files that a build holds, the published copies that readers open, and a lock."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from txn_core.exceptions import WarehouseBusyError

PAUSE_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class WarehouseFolder:
    """`warehouse/` in a data directory. Readers open its `.duckdb` files, and nothing below `work/`."""

    root: Path

    @property
    def work(self) -> Path:
        """The folder of what a run holds: databases, and what dbt writes."""
        return self.root / "work"

    @property
    def landing(self) -> Path:
        """Landing, staging and identity."""
        return self.work / "landing.duckdb"

    def built(self, name: str) -> Path:
        """A database as builds leave it."""
        return self.work / f"{name}.duckdb"

    def published(self, name: str) -> Path:
        """A database as readers open it."""
        return self.root / f"{name}.duckdb"

    @contextmanager
    def locked(self, *, wait_s: float) -> Iterator[int]:
        """Let one run at a time into the block; gives the lock's file descriptor.

        A child that inherits the descriptor holds the lock as long as it lives. A kill frees the lock.

        Raises:
            WarehouseBusyError: another run holds the lock for longer than `wait_s`.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        until = time.monotonic() + wait_s
        with (self.root / "run.lock").open("wb") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= until:
                        raise WarehouseBusyError(
                            f"another run holds the warehouse in {self.root}: wait for it, or end it"
                        ) from None
                time.sleep(PAUSE_S)
            yield file.fileno()


def publish(source: Path, target: Path) -> None:
    """Put a copy of a file in the place of another one, so that readers see the one or the other.

    Whoever has the former file open keeps reading it.

    Raises:
        OSError: the disk is full, or closed to us. The former file stays.
    """
    fresh = target.with_name(f"{target.name}.new")
    try:
        with source.open("rb") as read, fresh.open("wb") as written:
            os.fchmod(written.fileno(), 0o600)
            _copy(read.fileno(), written.fileno())
            os.fsync(written.fileno())
        fresh.replace(target)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _copy(read: int, written: int) -> None:
    """Copy in the kernel."""
    left = os.fstat(read).st_size
    while left and (done := os.sendfile(written, read, None, left)):
        left -= done
