"""A request all of which is there, for an application that answers it without a coroutine of its own; ours can.

ASGI's own way is a task a request. A server that knows better offers a request whose body has arrived to the
application's `take`, if it has one, and goes ASGI's way when that says no; `txn_server.http.connection` does.
"""

from typing import Protocol

from starlette.types import ASGIApp, Message, Scope

from txn_api.edge.buffered_answer import Header


class BufferedRequest(Protocol):
    """What such a server gives of a request."""

    @property
    def scope(self) -> Scope:
        """As ASGI has it."""

    def begin(self, application: ASGIApp) -> None:
        """Go ASGI's way after all: have it answered in a task."""

    def buffered_body(self) -> bytes | None:
        """The body, once; none when its sender has gone meanwhile."""

    def rendered(self, status: int, headers: list[Header], body: bytes) -> bytes | None:
        """A whole answer as it will be written, with its `content-length`; none when the client is slow or gone."""

    def write(self, rendered: bytes) -> None:
        """Send what `rendered` gave, which is the end of the request."""

    async def receive(self) -> Message:
        """As ASGI has it."""

    async def send(self, message: Message) -> None:
        """As ASGI has it."""
