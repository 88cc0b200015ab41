"""PostgreSQL as a child of the stack: how it is run, and when it answers."""

import asyncio
import signal
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from txn_cli.stack.children.child import ChildSpec
from txn_cli.stack.ports import HOST
from txn_cli.stack.postgres.cluster import OWNER, PostgresCluster, program_environment
from txn_cli.stack.stackports import POSTGRES

ANSWER_S_MAX: Final = 5.0
_PROTOCOL: Final = 3 << 16  # version 3.0, PostgreSQL documentation, "Message Formats"
_ASKS_TO_AUTHENTICATE: Final = b"R"


@dataclass(frozen=True, slots=True)
class PostgresProbe:
    """A server answers once it asks who we are; while it starts or recovers, it sends an error instead."""

    port: int

    async def answers(self, client: httpx.AsyncClient) -> bool:  # noqa: ARG002 - it speaks no HTTP
        """Whether the server takes connections now."""
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(ANSWER_S_MAX):
                reader, writer = await asyncio.open_connection(HOST, self.port)
                try:
                    writer.write(startup_message())
                    return await reader.readexactly(1) == _ASKS_TO_AUTHENTICATE
                finally:
                    writer.close()
        return False


def startup_message() -> bytes:
    """The first message of a client."""
    names = b"".join(part.encode() + b"\0" for part in ("user", OWNER, "database", OWNER)) + b"\0"
    return struct.pack("!II", len(names) + 8, _PROTOCOL) + names


def postgres_spec(cluster: PostgresCluster, port: int, log: Path) -> ChildSpec:
    """The server as a child; SIGINT, PostgreSQL's fast shutdown, ends its connections instead of waiting for them."""
    return ChildSpec(
        name=POSTGRES,
        argv=cluster.server_command(port),
        environment=program_environment(),
        log=log,
        probes=(PostgresProbe(port),),
        stop_signal=signal.SIGINT,
    )
