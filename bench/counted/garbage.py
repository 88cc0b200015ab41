"""What requests leave to the garbage collector, whose pauses are everybody's.

What is freed by counting references costs nobody a pause. The collector has work with objects that keep each other
in cycles, and comes when there are many more objects than before (`txn_core.startup`). Counted are the objects in
cycles that requests of each kind leave, how often the collector comes while posts are answered, and how many more
objects there are afterwards.
"""

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from bench.counted.client import Client
from bench.counted.loop import CountingLoop, run
from bench.counted.neighbours import MERCHANT_QUERY, Posting, fill_merchant
from bench.counted.quiet import OTHERS_SEED, QUIET_SEED, some_bodies
from bench.counted.site import Site, site
from bench.write_path.results import Result, at_most, counted, none_of, tell
from txn_core.quotas import UNLIMITED, Limits
from txn_core.startup import GARBAGE_OBJECTS_MAX

REQUESTS: Final = 50  # of each kind
WARM_UP: Final = 20
ROWS: Final = 20
POSTING_S: Final = 2.0
GROWTH_MAX: Final = 10_000  # what the producer remembers of its latest thousand records, and the like
CPYTHONS_THRESHOLD: Final = 700
ANSWER_S_MAX: Final = 12.0
PIECE_S: Final = 0.001


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests that are answered alike: by which key they are sent, what they are, and whether the stream refuses."""

    status: int
    key: str
    request: Callable[[Client, bytes], bytes]
    stream_refuses: bool = False
    in_pieces: bool = False


def _bulk(lines: Callable[[bytes], bytes], query: str = "") -> Callable[[Client, bytes], bytes]:
    def request(client: Client, body: bytes) -> bytes:
        return client.request("POST", f"/transactions/bulk{query}", lines(body), "application/x-ndjson")

    return request


def _get(target: str, *fields: str) -> Callable[[Client, bytes], bytes]:
    return lambda client, _: client.get(target, *fields)


def _post(change: Callable[[bytes], bytes] = lambda body: body, *fields: str) -> Callable[[Client, bytes], bytes]:
    return lambda client, body: client.post(change(body), *fields)


def _search(client: Client, _: bytes) -> bytes:
    body = json.dumps({"card_id": f"card_1_{1:032x}", "limit": 10}).encode()
    return client.request("POST", "/transactions/search", body, "application/json")


_LIST: Final = f"/transactions?{MERCHANT_QUERY}&limit={ROWS}"
_ONE: Final = f"/transactions/{1:032x}"
KINDS: Final[dict[str, Kind]] = {
    "a post": Kind(202, "all", _post()),
    "a post in pieces": Kind(202, "all", _post(), in_pieces=True),
    "a post that is no JSON": Kind(400, "all", _post(lambda _: b"{")),
    "a post without a known key": Kind(401, "unknown", _post()),
    "a post with a key in another form": Kind(401, "malformed", _post()),
    "a post without the scope": Kind(403, "reads", _post()),
    "a post that is too large": Kind(413, "all", _post(lambda body: body * 200)),
    "a post in an unknown encoding": Kind(415, "all", _post(lambda body: body, "Content-Encoding: br")),
    "a post with an unknown field": Kind(422, "all", _post(lambda body: body[:-1] + b',"x":1}')),
    "a post over its key's rate": Kind(429, "limited", _post()),
    "a post that the stream refuses": Kind(503, "all", _post(), stream_refuses=True),
    "an upload": Kind(200, "all", _bulk(lambda body: body + b"\n" + body)),
    "an upload with a bad line": Kind(200, "all", _bulk(lambda body: body + b"\n{\n" + body)),
    "an upload with all results": Kind(200, "all", _bulk(lambda body: body + b"\n{\n" + body, "?results=all")),
    "an upload that the stream refuses": Kind(200, "all", _bulk(lambda body: body), stream_refuses=True),
    "a transaction": Kind(200, "all", _get(_ONE)),
    "a transaction that is not there": Kind(404, "all", _get("/transactions/not-there-01")),
    "a transaction without the scope": Kind(403, "writes", _get(_ONE)),
    "a page": Kind(200, "all", _get(_LIST)),
    "a page of some fields": Kind(200, "all", _get(f"{_LIST}&fields=amount_minor")),
    "a page as a table": Kind(200, "all", _get(_LIST, "Accept: text/csv")),
    "a page of a wrong size": Kind(422, "all", _get("/transactions?limit=0")),
    "a search": Kind(200, "all", _search),
    "another method": Kind(405, "all", lambda client, _: client.head("DELETE", "/transactions")),
    "another path": Kind(404, "all", _get("/nothing")),
    "whether it lives": Kind(200, "all", _get("/healthz")),
    "the metrics": Kind(200, "all", _get("/metrics")),
}


def measure() -> Iterator[Result]:
    """All of it."""
    left = left_in_cycles()
    for name, count in left.items():
        if count:
            tell(f"collector: {REQUESTS} x {name} left {count} objects in cycles")
    what = f"objects left in cycles by {REQUESTS} requests each of {len(KINDS)} kinds (answered 200 to 503)"
    yield none_of(what, sum(left.values()))
    ours, by_default = collections_while_posting(GARBAGE_OBJECTS_MAX), collections_while_posting(CPYTHONS_THRESHOLD)
    what = (
        f"times that the collector comes during {ours.posts:,} posts on 256 connections, against CPython's threshold"
    )
    yield counted(what, ours.collections, by_default.collections, at_most(0))
    yield counted(f"objects more than before after {ours.posts:,} posts", max(0, ours.growth), GROWTH_MAX)


def left_in_cycles() -> dict[str, int]:
    """Of each kind of request, how many objects only the collector can free afterwards."""

    async def counted_kinds(loop: CountingLoop) -> dict[str, int]:
        async with _stage(loop) as (stage, clients):
            gc.collect()
            gc.freeze()  # what is there need not be searched each time
            try:
                return {name: await _left_by(stage, clients[kind.key], name) for name, kind in KINDS.items()}
            finally:
                gc.unfreeze()

    return run(counted_kinds)


@dataclass(frozen=True, slots=True)
class Posted:
    """How many posts were answered, how often the collector came meanwhile, and how many objects more there are."""

    posts: int
    collections: int
    growth: int


def collections_while_posting(threshold: int) -> Posted:
    """What posts on 256 connections come to, by a threshold of the collector's youngest generation."""

    async def counted_posts(loop: CountingLoop) -> Posted:
        async with site(loop, key_requests_max=0, api_key_cache_s=1e6) as stage:
            load = Posting(1e9, 256, UNLIMITED)
            clients = await load.prepare(stage, some_bodies(OTHERS_SEED))
            load.start()
            await asyncio.sleep(POSTING_S)  # what is kept for good is made by now
            before = gc.get_threshold()
            gc.collect()
            gc.freeze()
            answered, found, objects = _answered(clients), _collections(), len(gc.get_objects())
            gc.set_threshold(threshold, *before[1:])
            gc.enable()
            try:
                await asyncio.sleep(POSTING_S)
            finally:
                gc.disable()
                gc.set_threshold(*before)
            came = _collections() - found
            gc.collect()
            growth = len(gc.get_objects()) - objects
            gc.unfreeze()
            load.stop()
            return Posted(_answered(clients) - answered, came, growth)

    return run(counted_posts)


def _collections() -> int:
    return sum(generation["collections"] for generation in gc.get_stats())


def _answered(clients: Sequence[Client]) -> int:
    return sum(client.answered for client in clients)


@asynccontextmanager
async def _stage(loop: CountingLoop) -> AsyncIterator[tuple[Site, dict[str, Client]]]:
    """Clients by their keys; no key is looked up again meanwhile, which leaves cycles of botocore's."""
    async with site(loop, key_requests_max=0, api_key_cache_s=1e6) as stage:
        stage.stream.latency_s = 0.001
        fill_merchant(stage, some_bodies(OTHERS_SEED), ROWS)
        keys = {
            "all": await stage.key(limits=UNLIMITED),
            "reads": await stage.key("transactions:read", limits=UNLIMITED),
            "writes": await stage.key("transactions:write", limits=UNLIMITED),
            "limited": await stage.key(limits=Limits(writes_per_s=1)),
            "unknown": f"txn_{'0' * 16}_{'1' * 64}",
            "malformed": "none",
        }
        yield stage, {name: stage.client(key) for name, key in keys.items()}


async def _left_by(stage: Site, client: Client, name: str) -> int:
    kind, bodies = KINDS[name], some_bodies(QUIET_SEED)
    stage.stream.refusal = "KMSDisabledException" if kind.stream_refuses else None
    for body in bodies[:WARM_UP]:
        await _asked(client, kind, body)
    gc.collect()
    for body in bodies[WARM_UP : WARM_UP + REQUESTS]:
        status = await _asked(client, kind, body)
        # The bucket of a key with a limit fills up while others are asked.
        if status not in {kind.status, 202 if kind.status == 429 else kind.status}:
            raise RuntimeError(f"{name} was answered {status}")
    return gc.collect()


async def _asked(client: Client, kind: Kind, body: bytes) -> int:
    """The status that a request is answered."""
    request = kind.request(client, body)
    async with asyncio.timeout(ANSWER_S_MAX):
        if kind.in_pieces:
            for place in (40, len(request) - len(body) // 2):
                client.send(request[:place])
                await asyncio.sleep(PIECE_S)
                request = request[place:]
        return (await client.ask(request)).status
