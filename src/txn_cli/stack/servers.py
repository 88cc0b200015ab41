"""The three servers that stand in for AWS on this machine: what runs each, where it listens, how it answers.

SeaweedFS is the lake (S3), kinesalite the stream (Kinesis) and dynalite the index (DynamoDB). All bind
127.0.0.1 alone and keep their data over a crash.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from txn_cli.stack.binaries import Node
from txn_cli.stack.children.child import ChildSpec, Probe
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.nodepackages import node_source
from txn_cli.stack.ports import GRPC_OFFSET, HOST
from txn_cli.stack.stackports import DYNAMODB, KINESIS, LAKE_SERVERS, MASTER, S3, StackPorts

VOLUMES_MAX = 10_000
LAKE_STOP_S_MAX = 4.0
"""SeaweedFS stops in two seconds, or, told so soon after its start, never; it keeps its data either way."""
A_VOLUME_SERVER = "DataNodes"
"""What the topology of SeaweedFS's master names once a volume server has told its volumes. A master that comes up
last is told five seconds later, and until then S3 answers its health check, but no object.
"""
VACUUM_EVERY_S = 60
"""How often SeaweedFS looks for volumes of which a third is removed, and compacts them, in a stack with a bucket of
clients' files: until then the bytes of a removed file stay on the disk. Else it looks every 14 minutes."""
NODE_SEMI_SPACE = "--max-semi-space-size=8"
"""MB that young objects get. By default they get so much that the text of large answers, which is garbage at once, is
half of what the servers hold; with this it costs no more CPU."""
NODE_MEMORY = {"MALLOC_ARENA_MAX": "2"}
"""Each of LevelDB's threads else keeps freed memory of its own (mallopt(3))."""
PASSED_ON = ("HOME", "PATH", "TMPDIR", "LANG")
"""What the servers see of our environment; settings and credentials of a real AWS account stay out."""


@dataclass(frozen=True, slots=True)
class Programs:
    """What the servers are run by."""

    node: Node
    node_packages: Path
    weed: Path


def server_specs(data_dir: DataDir, programs: Programs, ports: StackPorts, secrets: Secrets) -> list[ChildSpec]:
    """The servers of a stack, ready to be started in any order."""
    return [
        _node_server(KINESIS, data_dir, programs, ports),
        _node_server(DYNAMODB, data_dir, programs, ports),
        _lake(data_dir, programs, ports, secrets),
    ]


def node_command(node: Node, name: str, packages: Path, data: Path, port: int, *options: str) -> tuple[str, ...]:
    """What runs Kinesis or DynamoDB; the options are Node's."""
    server = str(node_source() / "server.js")
    return (str(node.node), NODE_SEMI_SPACE, *options, server, name, str(packages), str(data), str(port))


def _node_server(name: str, data_dir: DataDir, programs: Programs, ports: StackPorts) -> ChildSpec:
    return ChildSpec(
        name=name,
        argv=node_command(programs.node, name, programs.node_packages, data_dir.data(name), ports.of[name]),
        environment=_environment() | NODE_MEMORY,
        log=data_dir.log(name),
        probes=(Probe(ports.url(name)),),
    )


def _lake(data_dir: DataDir, programs: Programs, ports: StackPorts, secrets: Secrets) -> ChildSpec:
    # Left alone, it bounds its volumes by the disk's free space, and each bucket has some: a machine whose disk is
    # well filled takes no further bucket then. A full disk is told of all the same.
    flags = [f"-dir={data_dir.data(S3)}", f"-ip={HOST}", f"-ip.bind={HOST}", f"-volume.max={VOLUMES_MAX}"]
    for name in LAKE_SERVERS:  # a port that is not given moves silently when it is taken
        port = ports.of[name]
        flags += [f"-{name}.port={port}", f"-{name}.port.grpc={port + GRPC_OFFSET}"]
    if "TXN_INGEST_BUCKET" in os.environ:
        flags.append(f"-master.vacuumIntervalSeconds={VACUUM_EVERY_S}")
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
        probes=(
            Probe(f"{ports.url(S3)}/healthz", status=200),
            Probe(f"{ports.url(MASTER)}/dir/status", text=A_VOLUME_SERVER),
        ),
        stop_deadline_s=LAKE_STOP_S_MAX,
    )


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}
