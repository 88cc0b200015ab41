"""A DynamoDB that costs next to nothing: `python -m bench.drains.free_dynamodb`, for measuring who writes to it.

It takes every write without reading it, keeps the one item that says how a table is laid out, and counts the items
put into each table; `GET /counts` gives the counts as JSON. It checks no condition and no signature. When it listens,
it prints its URL as a line of JSON.
"""

import asyncio
import re
import signal
import sys
from collections import Counter
from typing import Final

import uvloop
from devkit.kinesis_server.http import Connection, Exchange
from pydantic_core import from_json, to_json

from txn_core.dynamodb.transactions import LAYOUT_ID

HOST: Final = "127.0.0.1"
COUNTS: Final = b"/counts"
_table_of: Final = re.compile(rb'\{"TableName": ?"([^"]+)"').match  # which clients name first
_LAYOUT: Final = f'"{LAYOUT_ID}"'.encode()


class Service:
    """Answers exchanges."""

    def __init__(self) -> None:
        self._put: Counter[str] = Counter()
        self._layout = b"{}"

    def begun(self, exchange: Exchange) -> None:
        """Wait for the body."""

    def received(self, exchange: Exchange) -> None:
        """Answer at once."""
        if exchange.path == COUNTS:
            exchange.answer(200, to_json(self._put))
            return
        operation = exchange.target.partition(b".")[2]
        is_layout = _LAYOUT in exchange.body
        if operation == b"PutItem" and is_layout:
            self._layout = to_json({"Item": from_json(exchange.body)["Item"]})
        elif operation == b"PutItem":
            named = _table_of(exchange.body)
            self._put["" if named is None else named[1].decode()] += 1
        exchange.answer(200, self._layout if is_layout and operation == b"GetItem" else b"{}")


async def _serve() -> None:
    ended, connections, service = asyncio.Event(), set[Connection](), Service()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    listener = await loop.create_server(lambda: Connection(service, connections), HOST, 0, backlog=1_024)
    url = f"http://{HOST}:{listener.sockets[0].getsockname()[1]}"
    sys.stdout.write(to_json({"url": url}).decode() + "\n")
    sys.stdout.flush()
    await ended.wait()
    listener.close()
    for connection in [*connections]:
        connection.drop()
    await listener.wait_closed()


if __name__ == "__main__":
    uvloop.run(_serve())
