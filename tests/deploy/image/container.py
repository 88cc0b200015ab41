"""A container without a container engine: namespaces of mounts and processes, a read-only root, a user id.

What an orchestrator would start: process 1 is the command itself, `/tmp` and `/proc` are the only places of its own,
and the network is this machine's.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

USER: Final = 10001
ENDS_S_MAX: Final = 60.0
_START: Final = """
set -e
mount --bind "$0" "$0"
mount -o remount,bind,ro "$0"
mount --rbind /dev "$0/dev"
mount -t proc proc "$0/proc"
mount -t tmpfs -o mode=1777 tmpfs "$0/tmp"
exec chroot --userspec=10001:10001 --groups= "$0" "$@"
"""
IMAGE_ENVIRONMENT: Final = {
    "PATH": "/opt/txn/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""What the image sets that every process needs; a test holds it against the Dockerfile."""


@dataclass(frozen=True, slots=True)
class Container:
    """A command that runs as process 1."""

    root: Path
    outer: "subprocess.Popen[bytes]"
    log: Path

    @property
    def pid(self) -> int:
        """Process 1, by its number on this machine."""
        children = Path(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children").read_text().split()
        return int(children[0])

    def status(self) -> dict[str, str]:
        """What the kernel says of process 1."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def execute(self, *command: str, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        """Run a further command in the container, as a health check is run."""
        entered = ["nsenter", "--target", str(self.pid), "--mount", "--pid", f"--root=/proc/{self.pid}/root"]
        entered += [f"--setuid={USER}", f"--setgid={USER}", *command]
        return subprocess.run(
            entered, env={**IMAGE_ENVIRONMENT, **environment}, capture_output=True, text=True, check=False, timeout=60
        )

    def end(self) -> tuple[int, float]:
        """Send SIGTERM to process 1; its exit code, and the seconds that it took."""
        began = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)
        code = self.outer.wait(ENDS_S_MAX)
        return code, time.monotonic() - began


@contextmanager
def container(root: Path, log: Path, *command: str, environment: Mapping[str, str]) -> Iterator[Container]:
    """Start a command in the image whose files are below `root`; killed at the end of the block if it still runs."""
    started = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _START, str(root), *command]
    with log.open("wb") as said:
        outer = subprocess.Popen(started, env={**IMAGE_ENVIRONMENT, **environment}, stdout=said, stderr=said)
    try:
        yield Container(root, outer, log)
    finally:
        outer.kill()
        outer.wait()
