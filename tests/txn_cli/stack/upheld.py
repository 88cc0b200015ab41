"""`txn up` as its users start it, in a process of its own, with what it printed."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from tests.txn_cli.stack.told_children import wait_until
from txn_cli.main import run
from txn_cli.stack import ports
from txn_cli.stack.children.leftovers import ProcessMark

TXN = (sys.executable, "-m", "txn_cli.main")
COMMAND_S_MAX = 400.0  # a demonstration with its warehouse, on a machine that is busy
STOP_S_MAX = 150.0


@dataclass(frozen=True)
class Upheld:
    """A stack that was started; it may have ended since."""

    data_dir: Path
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def printed(self) -> str:
        """All that it printed so far."""
        return self.log.read_text()

    @property
    def ready(self) -> dict[str, Any]:
        """Its `ready.json`."""
        document: dict[str, Any] = json.loads((self.data_dir / "ready.json").read_text())
        return document

    def marks(self) -> dict[str, ProcessMark]:
        """Its children, each marked against later processes of the same id."""
        found = {name: ProcessMark.of(pid) for name, pid in self.ready["pids"].items()}
        return {name: mark for name, mark in found.items() if mark is not None}

    def until_ready(self) -> None:
        """Wait until clients find it, or it has ended."""
        path = self.data_dir / "ready.json"
        wait_until(lambda: path.exists() or self.process.poll() is not None)
        assert path.exists(), self.printed

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Signal it, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(STOP_S_MAX)

    def txn(self, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command against it; standard input is what is given."""
        return txn(*arguments, "--data-dir", str(self.data_dir), given=given)

    def ask(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """The same in this process: a process of its own takes a CPU second for its imports."""
        return in_process(*arguments, "--data-dir", str(self.data_dir), given=given)


def txn(*arguments: str, given: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; standard input is what is given."""
    return subprocess.run(
        [*TXN, *arguments],
        env=_environment(environment),
        input=given,
        capture_output=True,
        text=True,
        timeout=COMMAND_S_MAX,
        check=False,
    )


def in_process(*arguments: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in this process; output, error line and exit code are those of a process."""
    out, err, own = io.StringIO(), io.StringIO(), _environment(environment)
    with (
        mock.patch.dict(os.environ, own, clear=True),
        mock.patch.object(sys, "stdin", io.StringIO(given)),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = run(arguments)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


@contextmanager
def upheld(data_dir: Path, port: int | None = None, environment: Mapping[str, str] | None = None) -> Iterator[Upheld]:
    """Start a stack; whatever the test does to it, nothing of it is left afterwards."""
    log = data_dir.with_name(f"{data_dir.name}.{os.urandom(4).hex()}.log")
    command = [*TXN, "up", "--data-dir", str(data_dir), "--port", str(port or ports.choose())]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=_environment(environment or {}))
    stack = Upheld(data_dir, process, log)
    try:
        yield stack
    finally:
        if process.poll() is None:
            stack.stop(signal.SIGTERM)


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("TXN_", "AWS_"))}
    return {**own, **given}
