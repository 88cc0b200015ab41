"""One key doing its worst: what a quiet key's posts of another account wait for beside it, in CPU time.

Calls say too little here: what makes a request dear are single calls of C, such as parsing its body. So the clock of
these runs goes on by the CPU time of this process, and jumps over every wait as that which counts calls does.
"""

import gzip
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count, cycle, islice
from typing import Any, Final

from backports import zstd

from bench.counted.client import Client, HttpReply
from bench.counted.neighbours import MERCHANT_QUERY, fill_merchant
from bench.counted.quiet import beside
from bench.counted.site import Site
from bench.counted.work import CpuWork
from bench.write_path.results import Result, at_most, counted
from txn_core.quotas import Limits
from txn_core.transactions.identity import Account

SECONDS: Final = float(os.environ.get("WORST_SECONDS", "3"))
CONNECTIONS: Final = 256
LATENCY_MAX: Final = 3.0
TRIES_MAX: Final = 10
"""A run is repeated up to so many times, and the best counts: other processes take the processor's caches."""
DEFAULT_LIMITS: Final = Limits(writes_per_s=5_000, reads_per_s=500, requests_max=1_024)
"""Those of a key that has none of its own (docs/access.md)."""
UPLOAD_BYTES: Final = 60_000
_NOISY: Final = Account("noisy")

Requests = Callable[[Client, Sequence[bytes]], Iterator[bytes]]


@dataclass(slots=True)
class Hammering:
    """A key whose connections each send a request as soon as the one before is answered."""

    requests: Requests
    connections: int = CONNECTIONS
    key_options: Mapping[str, Any] = field(default_factory=dict)
    merchant_rows: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    _clients: list[Client] = field(default_factory=list)
    _requests: list[Iterator[bytes]] = field(default_factory=list)
    _stopped: bool = False

    async def prepare(self, site: Site, bodies: Sequence[bytes]) -> Sequence[Client]:
        """See `Neighbour`."""
        if self.merchant_rows:
            fill_merchant(site, bodies, self.merchant_rows, _NOISY)
        key = await site.key(limits=DEFAULT_LIMITS, account=_NOISY, **self.key_options)
        self._clients = [site.client(key) for _ in range(self.connections)]
        some = [*islice(self.requests(self._clients[0], bodies), 50)]
        self._requests = [
            cycle(some[place % len(some) :] + some[: place % len(some)]) for place in range(self.connections)
        ]
        return self._clients

    def start(self) -> None:
        """See `Neighbour`."""
        for client, requests in zip(self._clients, self._requests, strict=True):
            client.on_answer = partial(self._go_on, client, requests)
            client.send(next(requests))

    def stop(self) -> None:
        """See `Neighbour`."""
        self._stopped = True
        for client in self._clients:
            client.link.hang_up()

    def _go_on(self, client: Client, requests: Iterator[bytes], answer: HttpReply) -> None:
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        if not self._stopped:
            client.send(next(requests))


# What is sent


def posts(made: Callable[[bytes], bytes], *fields: str, keyed: bool = False) -> Requests:
    """Posts of what is made of usual bodies, each with an `Idempotency-Key` of its own if told."""

    def requests(client: Client, bodies: Sequence[bytes]) -> Iterator[bytes]:
        for number, body in enumerate(bodies):
            key = [f'Idempotency-Key: "{number:032x}"'] if keyed else []
            yield client.post(made(body), *fields, *key)

    return requests


def uploads(
    made: Callable[[bytes], bytes],
    packed: Callable[[bytes], bytes] = lambda content: content,
    encoding: str = "identity",
    content_bytes: int = UPLOAD_BYTES,
) -> Requests:
    """Uploads of lines that are made of usual bodies."""

    def requests(client: Client, bodies: Sequence[bytes]) -> Iterator[bytes]:
        lines = cycle([made(body) + b"\n" for body in bodies])
        for _ in count():
            content = bytearray()
            while len(content) < content_bytes:
                content += next(lines)
            yield client.request(
                "POST",
                "/transactions/bulk",
                packed(bytes(content)),
                "application/x-ndjson",
                f"Content-Encoding: {encoding}",
            )

    return requests


def pages(client: Client, _: Sequence[bytes]) -> Iterator[bytes]:
    """The largest pages in the form that takes longest to write."""
    yield client.get(f"/transactions?{MERCHANT_QUERY}&limit=1000", "Accept: text/csv")


def faulty(body: bytes) -> bytes:
    """A body that breaks every rule that it can, names each field twice and knows others."""

    def members(document: dict[str, Any], unknown: str) -> str:
        texts = [
            f'"{name}":{members(value, unknown) if isinstance(value, dict) else "[]"}'
            for name, value in document.items()
        ]
        return "{" + ",".join([*texts, *texts, unknown]) + "}"

    return members(json.loads(body), ",".join(f'"x{number}":1' for number in range(10))).encode()


def digits(body: bytes) -> bytes:
    """A sound body whose texts are of digits and what may stand between those of a card number."""
    document = json.loads(body)
    text = "".join(f"{number % 10}{'- .'[number % 3]}" for number in range(100))
    for name in ("job", "street"):
        document["customer"][name] = text[:199]
    return json.dumps(document).encode()


def large(made: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """As large as a body may be, by what is in no rule."""

    def enlarged(body: bytes) -> bytes:
        sent = made(body)
        return sent[:-1] + b"," + b",".join(b'"y%d":[1,2,3]' % number for number in range(3_000)) + b"}"

    return enlarged


def bomb(_: bytes) -> bytes:
    """A line that shrinks as far as the ratio allows."""
    return b"-" * 50_000


def _zstd(content: bytes) -> bytes:
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 23})
    return compressor.compress(content) + compressor.flush()


NEIGHBOURS: Final[dict[str, Callable[[], Hammering]]] = {
    "uploads of lines with every fault": lambda: Hammering(uploads(faulty)),
    "uploads of lines of digits": lambda: Hammering(uploads(digits)),
    "uploads of the longest faulty lines": lambda: Hammering(uploads(large(faulty))),
    "uploads of gzip bombs": lambda: Hammering(uploads(bomb, gzip.compress, "gzip", 1 << 20)),
    "uploads of zstd with the largest windows": lambda: Hammering(uploads(bomb, _zstd, "zstd", 1 << 20)),
    "posts with every fault": lambda: Hammering(posts(faulty)),
    "posts of digits": lambda: Hammering(posts(digits)),
    "posts as large as may be": lambda: Hammering(posts(large(faulty))),
    "large posts with an Idempotency-Key": lambda: Hammering(posts(large(faulty), keyed=True)),
    "reads of the largest pages": lambda: Hammering(pages, merchant_rows=1_000),
    "large posts that are not signed": lambda: Hammering(
        posts(large(faulty)), key_options={"requires_signature": True}
    ),
    "large posts of an expired key": lambda: Hammering(
        posts(large(faulty)), key_options={"expires_in": timedelta(days=-1)}
    ),
}


def latency_s(neighbour: Hammering | None, seconds: float) -> float:
    """The quiet key's p95, in this process's CPU time and jumps over what is waited for."""
    return beside(neighbour, seconds=seconds, work=CpuWork()).latency_s(95)


def ratio(neighbour: Callable[[], Hammering], seconds: float) -> float:
    """The p95 beside a neighbour against the p95 of a quiet key alone; the best of some pairs of runs.

    The runs of a pair follow each other: while others keep the machine's caches busy, both are dearer.
    """
    best = float("inf")
    for _ in range(TRIES_MAX):
        alone_s = latency_s(None, seconds)
        best = min(best, latency_s(neighbour(), seconds) / alone_s)
        if best <= LATENCY_MAX:
            break
    return best


def measure(seconds: float = SECONDS) -> Iterator[Result]:
    """Each kind of neighbour."""
    for name in NEIGHBOURS:
        what = f"p95 of a quiet key's posts, in CPU time, beside {CONNECTIONS} connections of one key: {name}"
        yield counted(what, ratio(NEIGHBOURS[name], seconds), 1.0, at_most(LATENCY_MAX))
