"""The ASGI extension `txn.buffered_requests`: requests that are answered without a task and messages of their own.

A server that can hold a request until all of it is there puts a `BufferedRequests` under this name into the
extensions of the scopes of its lifespan and of its requests, the same one each time. An application that can answer
such requests enters itself there, once. From then on the server offers it each request that is there as a whole, and
asks it whose requests are worth holding. What the application does not take goes ASGI's own way, as everything does
where either of the two knows nothing of the extension. `txn_server.http` is such a server,
`txn_api.edge.application` such an application.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from starlette.types import ASGIApp, Message, Scope

EXTENSION: Final = "txn.buffered_requests"
Header = tuple[bytes, bytes]


class BufferedRequest(Protocol):
    """What such a server gives of a request."""

    @property
    def scope(self) -> Scope:
        """As ASGI has it."""

    def begin(self, application: ASGIApp) -> None:
        """Go ASGI's way after all: have it answered in a task."""

    def buffered_body(self) -> bytes | None:
        """The body, once. None when its sender has gone meanwhile."""

    def rendered(self, status: int, headers: list[Header], body: bytes) -> bytes | None:
        """A whole answer as it will be written, with its `content-length`. None when the client is slow or gone."""

    def write(self, rendered: bytes) -> None:
        """Send what `rendered` gave, which is the end of the request."""

    async def receive(self) -> Message:
        """As ASGI has it."""

    async def send(self, message: Message) -> None:
        """As ASGI has it."""


class TakesBufferedRequests(Protocol):
    """What such an application gives."""

    def take(self, request: BufferedRequest) -> bool:
        """Take a request, to be answered later on; false if it is to go ASGI's way."""

    def knows(self, scope: Scope) -> bool:
        """Whether a request's credential, in its head, was found good a short while ago."""


def messages(status: int, headers: list[Header], body: bytes) -> tuple[Message, Message]:
    """A whole answer as ASGI has it, for what went its way. `content-length` is added."""
    length = (b"content-length", b"%d" % len(body))
    return (
        {"type": "http.response.start", "status": status, "headers": [length, *headers]},
        {"type": "http.response.body", "body": body},
    )


@dataclass(slots=True)
class BufferedRequests:
    """The extension."""

    application: TakesBufferedRequests | None = None


def enter(application: TakesBufferedRequests, scope: Scope) -> None:
    """Enter an application into the extension, if the server has it and no other application stands there."""
    # Without a call more: this is asked for each request that goes ASGI's way.
    if "extensions" in scope and scope["extensions"] and EXTENSION in scope["extensions"]:
        extension: BufferedRequests = scope["extensions"][EXTENSION]
        extension.application = extension.application or application
