"""A way to PostgreSQL that is cut before a COMMIT gets there, or before its answer comes back."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Literal
from urllib.parse import urlsplit

Cut = Literal["before", "behind"]

_COMMIT: Final = b"commit\0"
"""How the statement stands in a message (PostgreSQL documentation, "Message Formats": Query and Parse)."""


class CommitCutter:
    """Passes on what clients and the server say, until a client commits.

    Attributes:
        cuts: how many of the next commits are cut.
        seen: how many were cut.
    """

    def __init__(self, url: str, cut: Cut, cuts: int) -> None:
        self.cuts, self.seen = cuts, 0
        self._cut = cut
        parts = urlsplit(url)
        self._server = (str(parts.hostname), int(parts.port or 0))
        self._listener = socket.create_server(("127.0.0.1", 0))
        netloc = f"{parts.username}:{parts.password}@127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = parts._replace(netloc=netloc).geturl()

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server:
            answers = threading.Thread(target=_copy, args=(server, client), daemon=True)
            answers.start()
            with suppress(OSError):
                while data := client.recv(1 << 16):
                    if _COMMIT in data and self.seen < self.cuts:
                        self.seen += 1
                        self._end(client, server, data)
                        break
                    server.sendall(data)
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            answers.join()

    def _end(self, client: socket.socket, server: socket.socket, data: bytes) -> None:
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)  # the client hears no answer
            if self._cut == "behind":
                server.sendall(data)
                server.shutdown(socket.SHUT_WR)


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Pass on answers; those that nobody hears are read all the same, so that the server goes to its end."""
    with suppress(OSError):
        while data := source.recv(1 << 16):
            with suppress(OSError):
                target.sendall(data)


@contextmanager
def commits_cut(url: str, cut: Cut, cuts: int) -> Iterator[CommitCutter]:
    """A cutter of connections to an address, for the time of the block."""
    cutter = CommitCutter(url, cut, cuts)
    thread = threading.Thread(target=cutter.serve, daemon=True)
    thread.start()
    try:
        yield cutter
    finally:
        cutter.close()
        thread.join()
