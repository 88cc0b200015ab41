"""One request to an ASGI application, whose body the test sends and whose answer it reads piece by piece."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Scope

from txn_api.edge.headers import RawHeaders

ANSWER_S_MAX = 60.0


async def until(condition: Callable[[], object]) -> None:
    """Wait until something holds that only the tasks of this loop can bring about."""
    async with asyncio.timeout(ANSWER_S_MAX):
        while not condition():  # noqa: ASYNC110 - the code under test knows no events for tests
            await asyncio.sleep(0)


class Call:
    """A request under way. The application's sends wait while `reading` is clear, as they do for a slow client."""

    def __init__(
        self, app: ASGIApp, path: str, *, headers: Mapping[str, str], query: str = "", method: str = "POST"
    ) -> None:
        self._app, self._pieces = app, asyncio.Queue[Message]()
        self._scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 80),
            "state": {},
        }
        self.reading = asyncio.Event()
        self.reading.set()
        self.sent: list[Message] = []
        self._changed = asyncio.Condition()
        self.task = asyncio.create_task(self._run())

    def send(self, piece: bytes, *, more: bool = True) -> None:
        """Send a piece of the body."""
        self._pieces.put_nowait({"type": "http.request", "body": piece, "more_body": more})

    def end(self) -> None:
        """Send the end of the body."""
        self.send(b"", more=False)

    def disconnect(self) -> None:
        """Go away."""
        self._pieces.put_nowait({"type": "http.disconnect"})

    @property
    def unread_pieces(self) -> int:
        """Pieces that the application has not asked for."""
        return self._pieces.qsize()

    @property
    def status(self) -> int | None:
        """The status, once it was sent."""
        return self.sent[0]["status"] if self.sent else None

    @property
    def body(self) -> bytes:
        """What was sent of the body so far."""
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The whole lines that were sent so far."""
        return [json.loads(line) for line in self.body.split(b"\n")[:-1]]

    @property
    def complete(self) -> bool:
        """Whether the answer was sent to its end."""
        return (
            bool(self.sent) and self.sent[-1]["type"] == "http.response.body" and not self.sent[-1].get("more_body")
        )

    async def line(self, number: int) -> dict[str, Any]:
        """Wait for a line of the answer, counted from 0."""
        async with asyncio.timeout(ANSWER_S_MAX), self._changed:
            await self._changed.wait_for(lambda: len(self.lines) > number)
        return self.lines[number]

    async def done(self) -> None:
        """Wait until the application has returned."""
        async with asyncio.timeout(ANSWER_S_MAX):
            await self.task

    async def _run(self) -> None:
        await self._app(self._scope, self._pieces.get, self._send)

    async def _send(self, message: Message) -> None:
        await self.reading.wait()
        async with self._changed:
            self.sent.append(message)
            self._changed.notify_all()


def headers_of(fields: Mapping[str, str]) -> RawHeaders:
    """As a request has them."""
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in fields.items()]
    return RawHeaders({"headers": raw})


def bearing(presented: str) -> RawHeaders:
    """The headers that present a key."""
    return headers_of({"Authorization": f"Bearer {presented}"})
