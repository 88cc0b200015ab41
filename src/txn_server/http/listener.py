"""The socket that the API's processes listen on together."""

import os
import socket
from typing import Final

from txn_core.exceptions import ServingError

BACKLOG: Final = 2_048  # as uvicorn's own


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; connections wait in it until a process is there to take them.

    Raises:
        ServingError: the address cannot be had; another server listens there, say.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        # create_server's own text names the address once more; a failed look-up has a number of its own.
        reason = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        raise ServingError(f"cannot listen on {host}:{port}: {reason}; name another with --port") from None
