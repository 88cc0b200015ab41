"""Ports of the local stack: free ones, outside the range that the kernel uses for outgoing connections.

A port from that range could be given to somebody's outgoing connection while its server restarts.
"""

import random
import socket
from collections.abc import Iterable

from txn_core.errors import StackError

HOST = "127.0.0.1"
PORT_MIN, PORT_MAX = 12_000, 21_999
GRPC_OFFSET = 10_000
"""SeaweedFS expects the gRPC port of each of its servers this much above its HTTP port."""
ATTEMPTS_MAX = 500
STEPS_MAX = 100


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a closed connection's port counts as free
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def choose(taken: Iterable[int] = (), *, with_grpc: bool = False) -> int:
    """A free port that is not in `taken`; with its gRPC companion free as well when asked.

    Raises:
        StackError: none was found in a bounded number of tries.
    """
    avoid = set(taken)
    for _ in range(ATTEMPTS_MAX):
        port = random.randint(PORT_MIN, PORT_MAX)  # noqa: S311 - spreads stacks, guards nothing
        wanted = {port, port + GRPC_OFFSET} if with_grpc else {port}
        if not wanted & avoid and all(map(is_free, wanted)):
            return port
    raise StackError(f"no free port between {PORT_MIN} and {PORT_MAX}")


def next_free(port: int, avoid: Iterable[int] = ()) -> int:
    """The given port, or the next one above it that is free and not to be avoided.

    Raises:
        StackError: none of the next hundred is free.
    """
    avoided = set(avoid)
    for candidate in range(port, min(port + STEPS_MAX, 65_536)):
        if candidate not in avoided and is_free(candidate):
            return candidate
    raise StackError(f"no free port from {port} to {port + STEPS_MAX - 1}")
