"""One server of the local stack by itself, as our launcher runs it or as its package does, and raw calls to it."""

import json
import os
import re
import signal
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx

from txn_cli.stack.binaries import find_node
from txn_cli.stack.nodepackages import installed_at, shared_root
from txn_cli.stack.ports import HOST
from txn_cli.stack.servers import NODE_MEMORY, node_command

STOP_S_MAX = 60.0
NODE_SCRIPTS = Path(__file__).parent / "node"
COUNTING = ("--require", str(NODE_SCRIPTS / "count_iterators.js"))
LATER = ("--require", str(NODE_SCRIPTS / "later.js"))

_TARGETS = {
    "dynamodb": ("DynamoDB_20120810", "application/x-amz-json-1.0"),
    "kinesis": ("Kinesis_20131202", "application/x-amz-json-1.1"),
}
# Neither server checks a signature; both want one.
_SIGNED = {
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/r/s/aws4_request, SignedHeaders=host, Signature=a",
}


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What a server said."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class NodeServer:
    """A server that answers."""

    kind: str
    folder: Path
    pid: int
    client: httpx.Client
    output: IO[str]

    def ask(self, operation: str, **request: object) -> HttpReply:
        """Call an operation, whatever comes of it."""
        target, content_type = _TARGETS[self.kind]
        headers = {**_SIGNED, "X-Amz-Target": f"{target}.{operation}", "Content-Type": content_type}
        answer = self.client.post("/", content=json.dumps(request), headers=headers)
        if self.kind == "dynamodb":  # each answer says its checksum
            assert int(answer.headers["x-amz-crc32"]) == zlib.crc32(answer.content)
        return HttpReply(answer.status_code, answer.json() if answer.content else None)

    def call(self, operation: str, **request: object) -> Any:
        """Call an operation that must succeed, and return its answer."""
        answer = self.ask(operation, **request)
        assert answer.status == 200, answer
        return answer.body

    @property
    def disk_bytes(self) -> int:
        """What its files take. LevelDB deletes some of them meanwhile."""
        total = 0
        for entry in os.scandir(self.folder):
            try:
                total += entry.stat().st_size
            except FileNotFoundError:
                continue
        return total

    @property
    def own_memory_bytes(self) -> int:
        """Its memory without the files that are mapped into it."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"^RssAnon:\s+(\d+) kB$", status, re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024

    @property
    def mapped_files(self) -> int:
        """How many files of its database are mapped into its memory."""
        maps = Path(f"/proc/{self.pid}/maps").read_text()
        return len({line.split()[-1] for line in maps.splitlines() if line.endswith(".ldb")})


def open_iterators(server: NodeServer) -> int:
    """How many iterators a server has open that was started with `COUNTING`."""
    return _counted(server)[0]


def gets(server: NodeServer) -> int:
    """How many entries it has read by their keys, one at a time."""
    return _counted(server)[1]


def _counted(server: NodeServer) -> tuple[int, int]:
    os.kill(server.pid, signal.SIGUSR2)
    found = re.fullmatch(r"open iterators: (\d+), gets: (\d+)", server.output.readline().strip())
    assert found is not None
    return int(found[1]), int(found[2])


def packages(fallback: Path) -> Path:
    """Where the servers' packages lie; a fixture of the whole stack has installed them."""
    return installed_at(shared_root(fallback))


@contextmanager
def launched(kind: str, folder: Path, *node_options: str, **environment: str) -> Iterator[NodeServer]:
    """A server as `txn up` starts it."""
    command = node_command(find_node(), kind, packages(folder), folder, 0, *node_options)
    with _running(kind, folder, command, NODE_MEMORY | environment) as server:
        yield server


@contextmanager
def unpatched(kind: str, folder: Path, *node_options: str) -> Iterator[NodeServer]:
    """The package's own server, with the short times for making tables that ours has."""
    script = str(NODE_SCRIPTS / "unpatched.js")
    command = (str(find_node().node), *node_options, script, kind, str(packages(folder)), str(folder), "0")
    with _running(kind, folder, command, {}) as server:
        yield server


@contextmanager
def _running(kind: str, folder: Path, command: tuple[str, ...], environment: dict[str, str]) -> Iterator[NodeServer]:
    folder.mkdir(exist_ok=True)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | environment)
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        port = re.search(r":(\d+)$", said.strip())
        assert port is not None, said
        url = f"http://{HOST}:{port[1]}"
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            yield NodeServer(kind, folder, process.pid, client, process.stdout)
    finally:
        process.terminate()
        process.communicate(timeout=STOP_S_MAX)
