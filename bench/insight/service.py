"""The process of the insight service over a folder, for a measurement: as `txn insight` runs it."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.process_stats import resident_peak_bytes
from bench.write_path import servers
from bench.write_path.servers import Served
from txn_cli.stack import ports

AS_IT_IS: Final = ("txn_cli.main", "insight")
PUBLISHED: Final = "warehouse.duckdb"
SETTLED_S: Final = 0.5


@contextmanager
def insight(
    environment: Mapping[str, str], folder: Path, *, port: int, origin: str, cores: int | str = servers.BOTH_CORES,
    module: tuple[str, ...] = AS_IT_IS,
) -> Iterator[Served]:  # fmt: skip
    """The service on a port, for pages of an origin."""
    given = {
        "TXN_INSIGHT_PORT": str(port),
        "TXN_INSIGHT_ORIGIN": origin,
        "TXN_WAREHOUSE_FOLDER": str(folder.absolute()),
    }
    command = [sys.executable, "-m", *module]
    with servers.started(command, cores, dict(environment) | given) as process:
        yield Served(servers.answering(f"http://{ports.HOST}:{port}", "/healthz"), process.pid)


def publish_again(folder: Path) -> None:
    """Make the published file look new, as after a build: of what the service keeps, nothing is of it any more."""
    os.utime(folder / PUBLISHED)


def niceness(pid: int) -> int:
    """The niceness of a process (proc(5))."""
    return os.getpriority(os.PRIO_PROCESS, pid)


def peak_mib(pid: int) -> float:
    """The most memory that a process has held so far, MiB."""
    return resident_peak_bytes(pid) / (1 << 20)
