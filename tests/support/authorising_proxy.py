"""A server's address that answers only to credentials which are valid right now, as AWS does."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import ClientSession, web

_KEY: Final = re.compile(r"Credential=([^/]+)/")
_OF_THE_CONNECTION: Final = frozenset({"host", "content-length", "transfer-encoding", "connection"})


class AuthorisingProxy:
    """Passes calls of JSON services on, and counts those that it refuses."""

    def __init__(self, url: str, is_valid: Callable[[str], bool], session: ClientSession) -> None:
        self._target, self._is_valid, self._session = url, is_valid, session
        self.url = ""
        self.passed = self.refused = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one call."""
        body = await request.read()
        found = _KEY.search(request.headers.get("Authorization", ""))
        if found is None or not self._is_valid(found[1]) or not request.headers.get("X-Amz-Security-Token"):
            self.refused += 1
            return web.json_response({"__type": "ExpiredTokenException", "message": "expired"}, status=400)
        self.passed += 1
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OF_THE_CONNECTION}
        async with self._session.post(self._target, data=body, headers=headers) as answer:
            kind = answer.headers.get("Content-Type", "application/x-amz-json-1.1")
            return web.Response(status=answer.status, body=await answer.read(), headers={"Content-Type": kind})


@asynccontextmanager
async def authorising_proxy(url: str | None, is_valid: Callable[[str], bool]) -> AsyncIterator[AuthorisingProxy]:
    """One before the server of a URL, for the time of the block."""
    assert url is not None
    async with ClientSession() as session:
        proxy = AuthorisingProxy(url, is_valid, session)
        app = web.Application(client_max_size=16 << 20)
        app.router.add_post("/{path:.*}", proxy.answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            proxy.url = f"http://{host}:{port}"
            yield proxy
        finally:
            await runner.cleanup()
