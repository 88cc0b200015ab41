"""A client at the far end of a connection to the API."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from httptools import HttpResponseParser

from bench.counted.network import Link

if TYPE_CHECKING:
    from bench.counted.loop import CountingLoop


class HttpReply(NamedTuple):
    """One answer."""

    status: int
    body: bytes


class Client:
    """A connection on which requests are sent, one or many at once, and whose answers are read as they come."""

    def __init__(self, loop: "CountingLoop", connection: Any, key: str) -> None:
        self.key = key
        self.link = Link(loop, loop.work, connection)
        self.link.far = self
        self.on_answer: Callable[[HttpReply], None] = lambda _: None
        self.answered = 0
        self.ended = False
        self._parser = HttpResponseParser(self)
        self._content: list[bytes] = []
        connection.connection_made(self.link)

    def head(self, method: str, target: str, *fields: str) -> bytes:
        """The head of a request."""
        lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1:8080", f"Authorization: Bearer {self.key}", *fields]
        return "\r\n".join([*lines, "", ""]).encode()

    def request(self, method: str, target: str, body: bytes, media_type: str, *fields: str) -> bytes:
        """A whole request with a body."""
        length = f"Content-Length: {len(body)}"
        return self.head(method, target, f"Content-Type: {media_type}", length, *fields) + body

    def post(self, body: bytes, *fields: str) -> bytes:
        """A whole post."""
        return self.request("POST", "/transactions", body, "application/json", *fields)

    def get(self, target: str, *fields: str) -> bytes:
        """A whole GET."""
        return self.head("GET", target, *fields)

    def send(self, data: bytes) -> None:
        """Send now."""
        self.link.feed(data)

    async def ask(self, request: bytes) -> HttpReply:
        """Send a request, and wait for its answer."""
        future: asyncio.Future[HttpReply] = asyncio.get_running_loop().create_future()
        self.on_answer = future.set_result
        self.send(request)
        return await future

    # Far

    def came(self, data: bytes) -> None:
        """Read."""
        self._parser.feed_data(data)

    def was_read(self) -> None:
        """What more there is to send, is sent when something happens."""

    def closed(self) -> None:
        """Note it."""
        self.ended = True

    # httptools

    def on_body(self, body: bytes) -> None:
        """A piece of an answer."""
        self._content.append(body)

    def on_message_complete(self) -> None:
        """An answer is whole."""
        status = self._parser.get_status_code()
        if status < 200:
            return
        content, self._content = b"".join(self._content), []
        self.answered += 1
        self.on_answer(HttpReply(status, content))
