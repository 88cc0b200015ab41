"""Ports of the local stack: free ones, outside the range that most kernels use for outgoing connections.

A port from that range could be given to somebody's outgoing connection while its server restarts.

A server binds its port seconds after we chose it, and several stacks may start at once. So a chosen port is
reserved: by an abstract Unix socket of its name (unix(7)), which the kernel keeps for one process alone and takes
back when that ends. Where there are none, and against other programs, the stack moves (see `foundation`).
"""

import atexit
import random
import socket
import sys
from collections.abc import Iterable

from txn_core.exceptions import StackError

HOST = "127.0.0.1"
PORT_MIN, PORT_MAX = 12_000, 21_999
GRPC_OFFSET = 10_000
"""SeaweedFS expects the gRPC port of each of its servers this much above its HTTP port."""
ATTEMPTS_MAX = 500
STEPS_MAX = 100

_SPREAD = random.SystemRandom()  # of the module's own generator tests set the seed, the same in each process
_reserved: dict[int, socket.socket | None] = {}


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a closed connection's port counts as free
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def reserve(port: int) -> bool:
    """Keep a port from every other process that reserves its own, until `release` or our end; whether we have it."""
    if port in _reserved:
        return True
    if sys.platform != "linux":
        _reserved[port] = None
        return True
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0txn-port-{port}")
    except OSError:
        name.close()
        return False
    _reserved[port] = name
    return True


def release(ports: Iterable[int]) -> None:
    """Give reserved ports back; those that are not reserved are no error."""
    for port in ports:
        if (name := _reserved.pop(port, None)) is not None:
            name.close()


atexit.register(lambda: release(list(_reserved)))


def choose(*, with_grpc: bool = False) -> int:
    """A free port that nobody reserved, reserved for this process; with its gRPC companion free when asked.

    Raises:
        StackError: none was found in a bounded number of tries.
    """
    for _ in range(ATTEMPTS_MAX):
        port = _SPREAD.randint(PORT_MIN, PORT_MAX)
        wanted = (port, port + GRPC_OFFSET) if with_grpc else (port,)
        if port not in _reserved and reserve(port):
            if all(map(is_free, wanted)):
                return port
            release([port])
    raise StackError(f"no free port between {PORT_MIN} and {PORT_MAX}")


def next_free(port: int, avoid: Iterable[int] = ()) -> int:
    """The given port, or the next one above it that is free and not to be avoided, reserved for this process.

    Raises:
        StackError: none of the next hundred is free.
    """
    avoided = set(avoid)
    for candidate in range(port, min(port + STEPS_MAX, 65_536)):
        if candidate not in avoided and candidate not in _reserved and reserve(candidate):
            if is_free(candidate):
                return candidate
            release([candidate])
    raise StackError(f"no free port from {port} to {port + STEPS_MAX - 1}")
