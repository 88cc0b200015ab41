"""A lone post on an idle server: what our code does between its first byte and the call, and between the answers.

Counted in calls, turns of the event loop and waits, all from the connection's transport to the wire's and back: so
the HTTP connection, the API, the producer, the signature and the HTTP client of AWS are in it. The peer is the
tutorials' way, FastAPI with one `put_record` by aioboto3 on stock uvicorn, in the same counts.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final, cast

import aioboto3
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from bench.counted.aws import Stream
from bench.counted.client import Client
from bench.counted.loop import CountingLoop, run
from bench.counted.quiet import QUIET_SEED, mark_of, some_bodies
from bench.counted.site import KINESIS_PORT, clocks_of, environment, site
from bench.counted.watch import Journey, Watch
from bench.write_path import peers
from bench.write_path.results import Result, at_most, counted, none_of
from txn_server.http.connection import KEEP_ALIVE_S

WARM_UP: Final = 1_000
IDLE_S: Final = (1.0, 6.0, 11.0)
"""A key is looked up again after 5 s, and a connection to Kinesis is not used again after 10 s without use."""
TURNS_MAX: Final = 4  # in which the post is read, admitted, packed and sent
CALLS_MAX: Final = 580
SHARE_MAX: Final = 0.18
COLD_SHARE_MAX: Final = 0.4  # of the first post after the start, and of those before which a key is looked up


@dataclass(frozen=True, slots=True)
class Lone:
    """A lone post's way: the first one after the start, a warm one, and one after each time without any."""

    first: Journey
    warm: Journey
    idle: dict[float, Journey]


def ours(warm_up: int = WARM_UP) -> Lone:
    """Of our API; so many posts make it warm."""

    async def counted_ways(loop: CountingLoop) -> Lone:
        async with site(loop) as stage:
            return await _ways(stage.watch, stage.client(await stage.key()), warm_up)

    return run(counted_ways)


def put_record(warm_up: int = WARM_UP) -> Lone:
    """Of the tutorials' way."""

    async def counted_ways(loop: CountingLoop) -> Lone:
        async with _tutorial(loop) as (watch, client):
            return await _ways(watch, client, warm_up)

    return run(counted_ways)


def measure() -> Iterator[Result]:
    """Both, against each other and against bounds."""
    lone, peer = ours(), put_record()
    warm = lone.warm
    yield none_of("waits of a lone post, warm, between its first byte and its call", warm.way_to_call.waits)
    yield none_of("waits of a lone post, warm, between the call's answer and ours", warm.way_out.waits)
    yield none_of("waits of a lone post before its call, after a second without any", _waits(lone.idle[1.0]))
    yield counted(
        "turns of the loop of a lone post, warm, from its first byte to its call", warm.way_to_call.turns, TURNS_MAX
    )
    yield counted("calls (of functions) that a lone post takes, warm", _calls(warm), CALLS_MAX)
    against = "calls of a lone post against those of FastAPI + aioboto3's put_record, "
    yield counted(f"{against}warm", _calls(warm), _calls(peer.warm), at_most(SHARE_MAX))
    yield counted(
        f"{against}the first after the start", _calls(lone.first), _calls(peer.first), at_most(COLD_SHARE_MAX)
    )
    for seconds, journey in lone.idle.items():
        waits, bar = _waits(journey), SHARE_MAX if seconds < min(IDLE_S[1:]) else COLD_SHARE_MAX
        name = f"{against}after {seconds:.0f} s without any ({waits} waits before the call)"
        yield counted(name, _calls(journey), _calls(peer.idle[seconds]), at_most(bar))


def _calls(journey: Journey) -> int:
    return journey.way_to_call.calls + journey.way_out.calls


def _waits(journey: Journey) -> int:
    return journey.way_to_call.waits


async def _ways(watch: Watch, client: Client, warm_up: int) -> Lone:
    posts = cycle(some_bodies(QUIET_SEED))

    async def way() -> Journey:
        return await _way(watch, client, next(posts))

    with watch.loop.work.counted():
        first = warm = await way()
        for _ in range(warm_up):
            warm = await way()
        idle = {}
        for seconds in IDLE_S:
            await asyncio.sleep(seconds)
            idle[seconds] = await way()
    return Lone(first, warm, idle)


async def _way(watch: Watch, client: Client, body: bytes) -> Journey:
    mark, answered = mark_of(body), watch.loop.create_future()
    client.on_answer = lambda answer: answered.set_result((watch.end(mark), answer))
    watch.begin(mark)
    client.send(client.post(body))
    journey, answer = await answered
    if answer.status != 202:
        raise RuntimeError(f"{answer.status}: {answer.body!r}")
    return cast("Journey", journey)


@asynccontextmanager
async def _tutorial(loop: CountingLoop) -> AsyncIterator[tuple[Watch, Client]]:
    watch, stream = Watch(loop), Stream()
    stream.on_call, stream.on_answer = watch.sent, watch.landed
    loop.servers = {KINESIS_PORT: stream.server}
    session, url = aioboto3.Session(region_name=peers.REGION), f"http://127.0.0.1:{KINESIS_PORT}"
    with environment(), clocks_of(loop):
        async with session.client("kinesis", endpoint_url=url) as kinesis:
            peers.put_record.state.client = kinesis
            config = Config(
                peers.put_record,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                timeout_keep_alive=int(KEEP_ALIVE_S),
            )
            config.load()
            connection: Any = cast("Any", HttpToolsProtocol)(config, ServerState(), {})
            yield watch, Client(loop, connection, "none")
