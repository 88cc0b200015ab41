"""The processes of a measurement: what is measured on one core, the load and the Kinesis server on the other."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Final
from urllib.error import URLError

from txn_cli.stack import ports

MEASURED_CORE: Final = 0
LOAD_CORE: Final = 1
BOTH_CORES: Final = "0,1"
START_S_MAX: Final = 120.0
STOP_S_MAX: Final = 30.0


@dataclass(frozen=True, slots=True)
class Served:
    """An application that answers: its base URL and its process."""

    base: str
    pid: int


@contextmanager
def kinesis(*arguments: str) -> Iterator[str]:
    """Our Kinesis server as a process on the load's core; gives its URL."""
    command = [sys.executable, "-m", "devkit.kinesis_server", *arguments]
    with started(command, LOAD_CORE, os.environ, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]


@contextmanager
def peer(name: str, kinesis_url: str) -> Iterator[Served]:
    """One of the peers' applications."""
    port = ports.choose()
    options = ["--host", ports.HOST, "--port", str(port), "--loop", "uvloop", "--http", "httptools"]
    quiet = ["--no-access-log", "--log-level", "warning"]
    command = [sys.executable, "-m", "uvicorn", f"bench.write_path.peers:{name}", *options, *quiet]
    with started(command, MEASURED_CORE, os.environ | {"BENCH_KINESIS_URL": kinesis_url}) as process:
        yield Served(answering(f"http://{ports.HOST}:{port}", "/transactions"), process.pid)


@contextmanager
def api(environment: Mapping[str, str], cores: int | str = MEASURED_CORE) -> Iterator[Served]:
    """Our API as it runs in production."""
    port = ports.choose()
    command = [sys.executable, "-m", "txn_cli.main", "api", "--port", str(port)]
    with started(command, cores, environment) as process:
        yield Served(answering(f"http://{ports.HOST}:{port}", "/readyz"), process.pid)


@contextmanager
def started(
    command: list[str], cores: int | str, environment: Mapping[str, str], stdout: int | None = subprocess.DEVNULL
) -> "Iterator[subprocess.Popen[bytes]]":
    """A process on a core, or on several (`0,1`), for the time of the block."""
    process = subprocess.Popen(
        ["taskset", "-c", str(cores), *command], env=dict(environment), stdout=stdout, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _close(process.stdout)


def _close(stream: IO[bytes] | None) -> None:
    if stream is not None:
        stream.close()


def answering(base: str, path: str) -> str:
    """Wait until a server answers anything at all."""
    deadline = time.monotonic() + START_S_MAX
    while True:
        try:
            urllib.request.urlopen(base + path, timeout=2).close()
        except urllib.request.HTTPError:
            return base
        except (URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return base
