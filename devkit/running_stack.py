"""A local stack for a measurement: `txn up` as its users start it, in a folder that is gone afterwards."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

START_S_MAX: Final = 300.0
STOP_S_MAX: Final = 90.0
COMMAND_S_MAX: Final = 900.0
CATCH_UP_S_MAX: Final = 600.0
TXN: Final = (sys.executable, "-m", "txn_cli.main")


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A stack that is ready, and how long it took to become so."""

    data_dir: Path
    ready: dict[str, Any]
    start_s: float
    output: list[bytes] = field(default_factory=list)  # what every command run against it printed

    def txn(self, *arguments: str, s_max: float = COMMAND_S_MAX) -> dict[str, Any]:
        """Run a command against the stack and read the JSON that it prints."""
        command = [*TXN, *arguments, "--data-dir", str(self.data_dir), "--json"]
        run = subprocess.run(command, check=False, capture_output=True, timeout=s_max)
        self.output.extend((run.stdout, run.stderr))
        if run.returncode != 0:
            raise RuntimeError(f"txn {arguments[0]} ended with {run.returncode}: {run.stdout!r} {run.stderr!r}")
        document: dict[str, Any] = json.loads(run.stdout)
        return document

    def wait_caught_up(self, s_max: float = CATCH_UP_S_MAX) -> None:
        """Wait until every worker has drained its shards."""
        self.txn("status", "--wait-caught-up", "--timeout", str(s_max), s_max=s_max + COMMAND_S_MAX)

    @property
    def headers(self) -> dict[str, str]:
        """The local key, as the API wants it."""
        return {"Authorization": f"Bearer {self.ready['api_key']}"}


@contextmanager
def running_stack(
    data_dir: Path, said: Path | None = None, /, *options: str, **settings: str
) -> Iterator[RunningStack]:
    """Start a stack on the folder, with options of `txn up` and `TXN_*` settings, and stop it in order afterwards.

    What `txn up` itself says goes into the file `said`, or nowhere.
    """
    ready_file = data_dir / "ready.json"
    started = time.perf_counter()
    with (said or Path(os.devnull)).open("wb") as words:
        process = subprocess.Popen(
            [*TXN, "up", *options, "--data-dir", str(data_dir)],
            stdout=words,
            stderr=words,
            env=os.environ | settings,
        )
    try:
        while not ready_file.exists():
            if process.poll() is not None or time.perf_counter() - started > START_S_MAX:
                raise RuntimeError("the stack did not start; see its logs")
            time.sleep(0.02)
        start_s = time.perf_counter() - started
        yield RunningStack(data_dir, json.loads(ready_file.read_text()), start_s)
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGINT)
        process.wait(STOP_S_MAX)


def percentiles(seconds: list[float]) -> tuple[float, float]:
    """The 50th and 99th percentile."""
    ordered = sorted(seconds)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
