"""A proxy between one process and one server, in which each call meets its fate."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

import aiohttp
from aiohttp import web
from yarl import URL

from tests.chaos.calls import Call, Request
from tests.chaos.faults import Fate, Passing

HOST: Final = "127.0.0.1"
SHUTDOWN_S: Final = 0.1  # 0 would be none at all
PUSHED: Final = "SubscribeToShard"  # its answer goes on for as long as the subscription
BODY_BYTES_MAX: Final = 64 << 20
# What belongs to a connection and not to the message (RFC 9110, 7.6.1), and what our own side writes itself.
_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "expect", "content-length"})


class Traffic(Protocol):
    """Who decides what becomes of calls."""

    def call(self, sender: str, service: str, request: Request) -> Call:
        """The call that a request is."""

    def fate(self, call: Call) -> Fate | None:
        """What becomes of a call, if not the usual."""

    async def before(self, call: Call) -> None:
        """A call is about to be passed on."""

    async def after(self, call: Call, status: int) -> None:
        """A call was carried out, and its answer is about to be passed on."""


@dataclass(slots=True)
class Proxy:
    """One proxy. Calls that nobody answers (its server is down) end as the server's own would: by a reset."""

    sender: str
    service: str
    target: str
    traffic: Traffic
    session: aiohttp.ClientSession
    url: str = ""
    _late: set["asyncio.Task[None]"] = field(default_factory=set)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Proxy"]:
        """The proxy for the time of the block; then what is under way is cut off."""
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_route("*", "/{path:.*}", self._serve, expect_handler=_go_on)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S, auto_decompress=False)
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0, backlog=1024)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            yield self
        finally:
            for task in self._late:
                task.cancel()
            await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.read()
        except (OSError, web.RequestPayloadError):  # the sender is gone, in the midst of it
            return web.Response()
        passed = Request(
            method=request.method,
            path=request.raw_path,
            target=request.headers.get("X-Amz-Target", ""),
            headers=tuple((name, value) for name, value in request.headers.items() if _belongs(name)),
            body=body,
        )
        call = self.traffic.call(self.sender, self.service, passed)
        fate = self.traffic.fate(call) or Fate(name="none")
        await self.traffic.before(call)
        if call.step == PUSHED and fate == Fate(name="none"):
            return await self._push_on(call, passed, request)
        answer = await self._meet(fate, call, passed)
        if answer is None:
            _reset(request)
            return web.Response()
        return answer

    async def _meet(self, fate: Fate, call: Call, passed: Request) -> web.Response | None:
        """The answer; none when the sender is to be cut off."""
        if fate.passing is Passing.LATE:
            late = asyncio.create_task(self._pass_late(fate.wait_s, call, passed))
            self._late.add(late)
            late.add_done_callback(self._late.discard)
            return None
        await asyncio.sleep(fate.wait_s)
        answer: web.Response | None = None
        if fate.passing is Passing.AT_ONCE:
            answer = await self._pass_on(call, passed)
            await asyncio.sleep(fate.answer_wait_s)
        if fate.cut:
            return None
        return answer if fate.status is None else _refusal(call.service, fate.status, fate.code)

    async def _push_on(self, call: Call, passed: Request, request: web.Request) -> web.StreamResponse:
        """Pass on an answer that comes piece by piece, no faster than it is read, until either side ends it."""
        response = web.StreamResponse()
        try:
            async with self._sent(passed) as answer:
                await self.traffic.after(call, answer.status)
                response.set_status(answer.status)
                response.headers.extend([(name, value) for name, value in answer.headers.items() if _belongs(name)])
                await response.prepare(request)
                async for piece in answer.content.iter_any():
                    await response.write(piece)
                await response.write_eof()
        except (aiohttp.ClientError, OSError, TimeoutError):
            _reset(request)
        return response

    async def _pass_late(self, wait_s: float, call: Call, passed: Request) -> None:
        await asyncio.sleep(wait_s)
        await self._pass_on(call, passed)

    async def _pass_on(self, call: Call, passed: Request) -> web.Response | None:
        """The server's answer; none when it does not give one."""
        try:
            async with self._sent(passed) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None
        await self.traffic.after(call, answer.status)
        headers = [(name, value) for name, value in answer.headers.items() if _belongs(name)]
        response = web.Response(status=answer.status, body=body)
        response.headers.clear()
        response.headers.extend(headers)
        if passed.method == "HEAD" and (size := answer.headers.get("Content-Length")):
            response.headers["Content-Length"] = size  # of what a GET would answer
        return response

    def _sent(self, passed: Request) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self.session.request(
            passed.method,
            URL(self.target + passed.path, encoded=True),
            headers=passed.headers,
            data=passed.body or None,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            allow_redirects=False,
        )


def _belongs(header: str) -> bool:
    """Whether a header is the message's and not the connection's."""
    return header.lower() not in _HOP_BY_HOP


def _reset(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _refusal(service: str, status: int, code: str) -> web.Response:
    """An error in the words of a service."""
    if service == "s3":
        text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>injected</Message></Error>"
        return web.Response(status=status, text=text, content_type="application/xml")
    return web.json_response({"__type": code, "message": "injected"}, status=status)


@asynccontextmanager
async def upstream() -> AsyncIterator[aiohttp.ClientSession]:
    """The connections from all proxies to the servers."""
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session:
        yield session


async def _go_on(request: web.Request) -> None:
    """Ask a client for its body that waits to be asked; one that is gone meanwhile is noticed by reading it."""
    with suppress(ConnectionError):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
