"""The same costs as the kernel counts them: many connections without a key, and the memory of the process."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import pytest
from bench.process_stats import resident_bytes

from tests.http.judging.costs import SHAPES, Shape
from tests.http.running import Running, running_server

CONNECTIONS: Final = 40
BYTES_MAX: Final = 256 << 10
SENT_BYTES: Final = 1 << 20
STUCK_S: Final = 0.05
NAMES: Final = (
    "a head just under the bound",
    "many trailers",
    "a long trailer",
    "an extension without end",
    "a body that nobody reads",
    "requests whose answers are not read",
    "pages that are not read",
)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with running_server() as started:
        yield started


@pytest.mark.parametrize("name", NAMES)
def test_connections_without_a_key_take_little_of_the_process(running: Running, name: str) -> None:
    """All of them stay open with all that they could get in, and nothing of what they are answered is read."""
    with ExitStack() as warm:
        _open(running.port, SHAPES[name], warm, CONNECTIONS // 4)
    with ExitStack() as clients:
        before = resident_bytes(running.pid)
        _open(running.port, SHAPES[name], clients, CONNECTIONS)
        assert running.stored == []  # others are served
        held = resident_bytes(running.pid) - before
    assert held <= CONNECTIONS * BYTES_MAX


def _open(port: int, shape: Shape, clients: ExitStack, count: int) -> None:
    for _ in range(count):
        client = clients.enter_context(socket.socket())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        client.connect(("127.0.0.1", port))
        client.settimeout(STUCK_S)
        try:
            for piece in shape.pieces(SENT_BYTES):
                client.sendall(piece)
        except OSError:
            continue  # it takes no more, or has closed
