"""The ports of one stack by name: chosen once a data directory, and again only when somebody took one."""

from collections.abc import Mapping
from dataclasses import dataclass

from txn_cli.stack import ports
from txn_cli.stack.datadir import DataDir, read_json, write_private
from txn_core import drains

KINESIS, DYNAMODB, S3 = "kinesis", "dynamodb", "s3"
POSTGRES = "postgres"
MASTER = "master"
INGEST = "ingest"
"""The worker that watches the clients' bucket; a stack runs it only when it has such a bucket."""
WAREHOUSE = "warehouse"
"""What runs the warehouse again and again; a stack runs it only where asked."""
INSIGHT = "insight"
"""What answers questions to the warehouse; it runs where that runs."""
LAKE_SERVERS = (S3, MASTER, "volume", "filer", "admin")
"""The servers inside SeaweedFS; each also owns the port `ports.GRPC_OFFSET` above its own."""


def metrics_of(worker: str) -> str:
    """The name of a worker's metrics port, by the name of its drain."""
    return f"{worker}-metrics"


def port_names() -> tuple[str, ...]:
    """The names of all ports that a stack has, apart from the API's."""
    return (
        KINESIS,
        DYNAMODB,
        POSTGRES,
        INSIGHT,
        *LAKE_SERVERS,
        *map(metrics_of, (*drains.names(), INGEST, WAREHOUSE)),
    )


@dataclass(frozen=True, slots=True)
class StackPorts:
    """One port a name."""

    of: Mapping[str, int]

    @classmethod
    def chosen(cls, data_dir: DataDir) -> "StackPorts":
        """The ports of the last time where they are free, others where not; kept for the next time.

        They are reserved for this process (see `ports`) until `release`.

        Raises:
            StackError: there are no free ports.
        """
        stored = read_json(data_dir.document("ports")) or {}
        return cls._kept(data_dir, {name: stored.get(name) for name in port_names()})

    def others(self, data_dir: DataDir) -> "StackPorts":
        """Other ports than these, which are released; kept for the next time.

        Raises:
            StackError: there are no free ports.
        """
        others = self._kept(data_dir, dict.fromkeys(port_names()))
        self.release()
        return others

    @classmethod
    def _kept(cls, data_dir: DataDir, wanted: Mapping[str, object]) -> "StackPorts":
        chosen = {
            name: port
            if isinstance(port, int) and _is_free(name, port)
            else ports.choose(with_grpc=name in LAKE_SERVERS)
            for name, port in wanted.items()
        }
        write_private(data_dir.document("ports"), chosen)
        return cls(chosen)

    def release(self) -> None:
        """Let other processes have these ports, too."""
        ports.release(self.of.values())

    @classmethod
    def stored(cls, data_dir: DataDir) -> "StackPorts | None":
        """The ports of a running stack; none in a folder that never was one."""
        stored = read_json(data_dir.document("ports"))
        return None if stored is None else cls({name: p for name, p in stored.items() if isinstance(p, int)})

    @property
    def owned(self) -> set[int]:
        """Every port that this stack uses, apart from the API's."""
        return set(self.of.values()) | {self.of[name] + ports.GRPC_OFFSET for name in LAKE_SERVERS if name in self.of}

    def metrics_urls(self) -> dict[str, str]:
        """Where the workers of this stack tell of themselves, by the names of their drains."""
        return {drain: self.url(metrics_of(drain)) for drain in drains.names() if metrics_of(drain) in self.of}

    def url(self, name: str) -> str:
        """Where clients find a server."""
        return f"http://{ports.HOST}:{self.of[name]}"


def _is_free(name: str, port: int) -> bool:
    in_range = ports.PORT_MIN <= port <= ports.PORT_MAX
    wanted = (port, port + ports.GRPC_OFFSET) if name in LAKE_SERVERS else (port,)
    return in_range and ports.reserve(port) and all(map(ports.is_free, wanted))
