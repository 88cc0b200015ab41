"""A server's address that can go away and come back."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

CHUNK_BYTES = 1 << 16


class Proxy:
    """Passes bytes on to a server on 127.0.0.1, until it is cut: then connections break and new ones break too."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self._scheme = "http"
        self.refused = 0

    @classmethod
    @asynccontextmanager
    async def to(cls, url: str | None, *, tls: ssl.SSLContext | None = None) -> "AsyncIterator[Proxy]":
        """A proxy before the server of a URL, for the time of the block; with TLS it is one of https."""
        parts = urlsplit(url or "")
        assert parts.hostname is not None
        assert parts.port is not None
        proxy = cls(parts.hostname, parts.port)
        proxy._server, proxy._scheme = await asyncio.start_server(proxy._serve, "127.0.0.1", 0, ssl=tls), parts.scheme
        if tls is not None:
            proxy._scheme = "https"
        async with proxy._server:
            yield proxy
            proxy.cut()

    @property
    def url(self) -> str:
        """Where it listens."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{self._scheme}://{host}:{port}"

    @property
    def connected(self) -> int:
        """How many sockets are open."""
        return len(self._open)

    def cut(self) -> None:
        """Break everything."""
        self._is_cut, self.refused = True, 0
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            self.refused += 1
            writer.transport.abort()
            return
        with suppress(OSError):
            there, back = await asyncio.open_connection(self._host, self._port)
            self._open |= {writer, back}
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pass(reader, back))
                    both.create_task(self._pass(there, writer))
            finally:
                self._open -= {writer, back}

    @staticmethod
    async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK_BYTES):
                target.write(data)
                await target.drain()
        target.transport.abort()
