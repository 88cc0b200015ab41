"""Our HTTP server in a process of its own, for clients that know nothing of it."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.txn_cli.stack.told_children import wait_until
from txn_cli.stack import ports


@dataclass(frozen=True, slots=True)
class Running:
    """Where it listens, and its process."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{ports.HOST}:{self.port}"

    @property
    def stored(self) -> list[str]:
        """The ids of the transactions on its stream, in order."""
        found: list[str] = self._told("/stored")
        return found

    @property
    def client_ports(self) -> list[int]:
        """The ports of the client's that requests came from, in order."""
        found: list[int] = self._told("/ports")
        return found

    def _told(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return json.load(answer)


@contextmanager
def running_server() -> Iterator[Running]:
    """Start it, and end it behind the block."""
    port = ports.choose()
    process = subprocess.Popen([sys.executable, "-m", "tests.http.server", str(port)], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: process.poll() is not None or not ports.is_free(port))
        yield Running(port, process.pid)
    finally:
        process.kill()
        process.wait()
