"""The proxy: each fate is what its name says, on real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import aiohttp
import pytest
from aiohttp import web

from tests.chaos import faults
from tests.chaos.calls import Call, Reading, Request
from tests.chaos.faults import Fate
from tests.chaos.proxy import HOST, Proxy, upstream

QUICK_S = 0.05
DONE_S_MAX = 60.0


@dataclass
class Scene:
    """A server that counts what reaches it, and a proxy before it that has one fate for all calls."""

    fate_of_all: Fate | None = None
    reached: list[tuple[str, bytes]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    steps: list[str] = field(default_factory=list)
    url: str = ""

    def call(self, sender: str, service: str, request: Request) -> Call:
        return Reading().call(sender, service, request)

    def fate(self, call: Call) -> Fate | None:
        return self.fate_of_all

    async def before(self, call: Call) -> None:
        self.steps.append(f"before {call.step}")

    async def after(self, call: Call, status: int) -> None:
        self.steps.append(f"after {call.step} {status}")

    async def serve(self, request: web.Request) -> web.Response:
        self.reached.append((request.raw_path, await request.read()))
        self.arrived.set()
        return web.Response(status=201, body=b"made", headers={"ETag": "one"})

    async def post(self) -> tuple[int, bytes]:
        """The status and body of a call through the proxy; no put, which aiohttp would send again by itself."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/lake/raw/a%20b", data=b"x", expect100=True) as answer,
        ):
            return answer.status, await answer.read()


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    async with (
        _serving(made) as target,
        upstream() as session,
        Proxy("archive-1", "s3", target, made, session).listening() as proxy,
    ):
        made.url = proxy.url
        yield made


@asynccontextmanager
async def _serving(scene: Scene) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", scene.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=QUICK_S)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    yield f"http://{HOST}:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_call_passes_as_it_is(scene: Scene) -> None:
    """Path, body, status and answer are the sender's and the server's own, also when the sender waits for a 100."""
    assert await scene.post() == (201, b"made")
    assert scene.reached == [("/lake/raw/a%20b", b"x")]
    assert scene.steps == ["before object post", "after object post 201"]


@pytest.mark.parametrize("fate", [faults.REFUSED, faults.UNAVAILABLE, faults.SLOW_DOWN, faults.CONFLICT])
async def test_a_refused_call_never_reaches_the_server(scene: Scene, fate: Fate) -> None:
    scene.fate_of_all = fate
    status, body = await scene.post()
    assert status == fate.status
    assert fate.code.encode() in body
    assert scene.reached == []


async def test_a_call_that_failed_may_have_been_carried_out(scene: Scene) -> None:
    scene.fate_of_all = faults.FAILED_DONE
    assert (await scene.post())[0] == 500
    assert len(scene.reached) == 1


@pytest.mark.parametrize(("fate", "reached"), [(faults.CUT, 0), (faults.BLACK_HOLE, 0), (faults.ANSWER_LOST, 1)])
async def test_a_call_that_is_cut_has_no_answer(scene: Scene, fate: Fate, reached: int) -> None:
    scene.fate_of_all = replace(fate, wait_s=min(fate.wait_s, QUICK_S))
    with pytest.raises(aiohttp.ClientError):
        await scene.post()
    assert len(scene.reached) == reached


async def test_a_call_may_be_carried_out_when_its_sender_has_long_been_cut_off(scene: Scene) -> None:
    scene.fate_of_all = replace(faults.CARRIED_OUT_LATE, wait_s=QUICK_S)
    with pytest.raises(aiohttp.ClientError):
        await scene.post()
    assert scene.reached == []
    async with asyncio.timeout(DONE_S_MAX):
        await scene.arrived.wait()


async def test_a_server_that_is_down_cuts_the_call(scene: Scene) -> None:
    async with upstream() as session, Proxy("archive-1", "s3", "http://127.0.0.1:1", scene, session).listening() as p:
        scene.url = p.url
        with pytest.raises(aiohttp.ClientError):
            await scene.post()


async def test_a_subscription_is_passed_on_piece_by_piece_and_ends_as_it_ended(scene: Scene) -> None:
    """What came before the end has arrived by then; an answer that is cut off is no orderly end."""
    ended = asyncio.Event()

    async def serve(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await ended.wait()
        assert request.transport is not None
        request.transport.abort()
        return response

    scene.serve = serve  # type: ignore[method-assign,assignment]
    async with (
        aiohttp.ClientSession(headers={"X-Amz-Target": "Kinesis_20131202.SubscribeToShard"}) as session,
        _serving(scene) as target,
        upstream() as up,
        Proxy("index-1", "kinesis", target, scene, up).listening() as proxy,
        session.post(proxy.url, data=b"{}") as answer,
    ):
        assert await answer.content.readexactly(5) == b"first"
        assert scene.steps == ["before SubscribeToShard", "after SubscribeToShard 200"]
        ended.set()
        with pytest.raises(aiohttp.ClientError):
            await answer.content.read()


async def test_the_size_of_what_is_asked_after_stays(scene: Scene) -> None:
    """A HEAD says how large the object is, though nothing of it follows."""
    async with aiohttp.ClientSession() as session, session.head(f"{scene.url}/lake/raw/a") as answer:
        assert (answer.headers["Content-Length"], answer.headers["ETag"]) == ("4", "one")
