"""The three servers that stand in for AWS on this machine: what runs each, where it listens, how it answers.

SeaweedFS is the lake (S3), kinesalite the stream (Kinesis) and dynalite the index (DynamoDB). All bind
127.0.0.1 alone and keep their data over a crash.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from txn_cli.stack import ports
from txn_cli.stack.binaries import Node
from txn_cli.stack.child import ChildSpec, Probe
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir, read_json, write_private
from txn_cli.stack.nodepackages import node_source

KINESIS, DYNAMODB, S3 = "kinesis", "dynamodb", "s3"
SERVERS = (KINESIS, DYNAMODB, S3)
WEED_SERVERS = ("master", "volume", "filer", "admin")
PASSED_ON = ("HOME", "PATH", "TMPDIR", "LANG")
"""What the servers see of our environment; settings and credentials of a real AWS account stay out."""


@dataclass(frozen=True, slots=True)
class ServerPorts:
    """One port a name. The lake's servers also own the port `GRPC_OFFSET` above theirs."""

    of: Mapping[str, int]

    @classmethod
    def chosen(cls, data_dir: DataDir) -> "ServerPorts":
        """The ports of the last time where they are free, others where not; kept for the next time.

        Raises:
            StackError: there are no free ports.
        """
        stored = read_json(data_dir.ports) or {}
        chosen: dict[str, int] = {}
        for name in (*SERVERS, *WEED_SERVERS):
            with_grpc = name not in (KINESIS, DYNAMODB)
            port = stored.get(name)
            if not (isinstance(port, int) and _usable(port, with_grpc=with_grpc)):
                port = ports.choose(_owned(chosen), with_grpc=with_grpc)
            chosen[name] = port
        write_private(data_dir.ports, chosen)
        return cls(chosen)

    def owned(self) -> set[int]:
        """Every port the servers will listen on."""
        return _owned(self.of)

    def url(self, name: str) -> str:
        """Where clients find a server."""
        return f"http://{ports.HOST}:{self.of[name]}"


def _owned(chosen: Mapping[str, int]) -> set[int]:
    return set(chosen.values()) | {port + ports.GRPC_OFFSET for port in chosen.values()}


def _usable(port: int, *, with_grpc: bool) -> bool:
    in_range = ports.PORT_MIN <= port <= ports.PORT_MAX
    return in_range and ports.is_free(port) and (not with_grpc or ports.is_free(port + ports.GRPC_OFFSET))


@dataclass(frozen=True, slots=True)
class Programs:
    """What the servers are run by."""

    node: Node
    node_packages: Path
    weed: Path


def server_specs(
    data_dir: DataDir, programs: Programs, server_ports: ServerPorts, secrets: Secrets
) -> list[ChildSpec]:
    """The servers of a stack, ready to be started in any order."""
    return [
        _node_server(KINESIS, data_dir, programs, server_ports),
        _node_server(DYNAMODB, data_dir, programs, server_ports),
        _lake(data_dir, programs, server_ports, secrets),
    ]


def _node_server(name: str, data_dir: DataDir, programs: Programs, server_ports: ServerPorts) -> ChildSpec:
    return ChildSpec(
        name=name,
        argv=(
            str(programs.node.node),
            str(node_source() / "server.js"),
            name,
            str(programs.node_packages),
            str(data_dir.data(name)),
            str(server_ports.of[name]),
        ),
        environment=_environment(),
        log=data_dir.log(name),
        probe=Probe(server_ports.url(name)),
    )


def _lake(data_dir: DataDir, programs: Programs, server_ports: ServerPorts, secrets: Secrets) -> ChildSpec:
    flags = [f"-dir={data_dir.data(S3)}", f"-ip={ports.HOST}", f"-ip.bind={ports.HOST}"]
    for name in (S3, *WEED_SERVERS):  # a port that is not given moves silently when it is taken
        port = server_ports.of[name]
        flags += [f"-{name}.port={port}", f"-{name}.port.grpc={port + ports.GRPC_OFFSET}"]
    flags += [
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-admin.ui=false",
        "-webdav=false",
        "-master.telemetry=false",
    ]
    return ChildSpec(
        name=S3,
        argv=(str(programs.weed), "-logtostderr", "mini", *flags),
        environment=_environment()
        | {"AWS_ACCESS_KEY_ID": secrets.access_key, "AWS_SECRET_ACCESS_KEY": secrets.secret_key},
        log=data_dir.log(S3),
        probe=Probe(f"{server_ports.url(S3)}/healthz", status=200),
    )


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}
