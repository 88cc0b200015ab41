"""Runs a server on 127.0.0.1 for as long as a block lasts."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from devkit.kinesis_server.faults import Faults
from devkit.kinesis_server.server import KinesisServer
from devkit.kinesis_server.state.account import Account, Clock, Options, steady_clock
from devkit.kinesis_server.steering.control import Control

HOST: Final = "127.0.0.1"
CONTROL_PATH: Final = b"/control"
BACKLOG: Final = 1_024


@asynccontextmanager
async def kinesis_server(
    streams: Mapping[str, int] | None = None,
    *,
    port: int = 0,
    seed: int = 0,
    options: Options | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[KinesisServer]:
    """A server with streams of so many shards each, listening when the block begins and gone when it ends.

    The clock gives seconds since the epoch and never goes back; it rules arrival times, limits and expiry, while
    delays pass by the event loop's own. What was to happen after the end does not happen any more to any client.
    """
    account = Account(
        options=options or Options(), faults=Faults(seed), clock=steady_clock() if clock is None else clock
    )
    for name, shards in (streams or {}).items():
        account.create(name, shards)
    server = KinesisServer(account)
    server.pages[CONTROL_PATH] = Control(server).page
    listener = await asyncio.get_running_loop().create_server(server.connection, HOST, port, backlog=BACKLOG)
    server.url = f"http://{HOST}:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        await server.drop_connections()
        await listener.wait_closed()
