"""Our HTTP server around the application on a stream in memory: `python -m tests.http.server PORT`.

`GET /stored` tells the ids of the stored transactions, and `GET /ports` from which ports of the client requests came.
"""

import json
import sys

from starlette.types import ASGIApp, Receive, Scope, Send

from tests.http.application import Site, site
from txn_api.edge.buffered_request import BufferedRequest, enter
from txn_core.settings import Settings
from txn_server.http.server import serve


class _Served:
    """The application, made in the loop that serves it."""

    def __init__(self) -> None:
        self._site: Site
        self._ports: list[int] = []

    def take(self, request: BufferedRequest) -> bool:
        """See `txn_api.edge.buffered_request`."""
        self._ports.append(request.scope["client"][1])
        taken: bool = self._application.take(request)  # type: ignore[attr-defined] # ours takes them
        if not taken:
            self._ports.pop()
        return taken

    def knows(self, scope: Scope) -> bool:
        """See `txn_api.edge.application`."""
        known: bool = self._application.knows(scope)  # type: ignore[attr-defined] # ours knows
        return known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        enter(self, scope)
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"] == "/stored":
            await _answer(send, [each.decode() for each in self._site.stored])
        elif scope["path"] == "/ports":
            await _answer(send, self._ports)
        else:
            self._ports.append(scope["client"][1])
            await self._application(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._site = site()
        await self._site.app.state.services.producer.route_by_shards()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    @property
    def _application(self) -> ASGIApp:
        return self._site.app


async def _answer(send: Send, document: object) -> None:
    body = json.dumps(document).encode()
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    serve(_Served(), Settings(api_port=int(sys.argv[1]), shutdown_deadline_s=5), on_stop=lambda: None)
