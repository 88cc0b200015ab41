"""Requests without a valid key, as bytes on a connection: parsed, refused or answered from what is open to all."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any, Final, cast

import structlog
import uvicorn
from uvicorn.server import ServerState

from tests.abuse.mutations import repeated
from tests.abuse.target import Mutation
from tests.http.application import KNOWN_S, site
from tests.http.transport import MemoryTransport
from tests.txn_api.issuer import AUDIENCE, ISSUER, jwk, jwks, token
from txn_api.access.jwks import Jwks
from txn_api.access.token_claims import Claims
from txn_api.access.tokens import Tokens
from txn_api.edge.buffered_request import EXTENSION, BufferedRequests
from txn_api.services import Services, gate
from txn_api.writes.batch import PostBatch
from txn_core.api_keys import ApiKey, KeyId
from txn_server.http.connection import Connection
from txn_server.http.head import HEAD_BYTES_MAX
from txn_server.http.lines import FIELDS_MAX

BAR: Final = 3.0
BYTES_MAX: Final = 64 << 10
REPEATS: Final = 16
"""A run plays its bytes so often: entering the event loop costs half a request."""
A_CONNECTION: Final = 0.5
"""What beginning and ending a connection takes of a plain 401, not counting the system's far larger share."""
TURNS_MAX: Final = 1_000
_HOST: Final = b"Host: txn.test\r\n"
_UNKNOWN: Final = b"txn_%b_%b" % (b"0" * 16, b"9" * 64)
_TOKEN: Final = b"eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ." + b"e30" * 2_000 + b".c2ln"
_FRESH: Final = b"ForgedForged"
"""Stands in the signatures of forged tokens; another text each time, so that nothing remembers them."""
_ANSWER: Final = b"HTTP/1.1 "
_CONTINUE: Final = b"HTTP/1.1 100 "


def get(target: bytes, *lines: bytes) -> bytes:
    """A request without a body."""
    return b"GET %b HTTP/1.1\r\n%b%b\r\n" % (target, _HOST, b"".join(line + b"\r\n" for line in lines))


def post(target: bytes, body: bytes, *lines: bytes) -> bytes:
    """A request whose body has a length."""
    head = b"POST %b HTTP/1.1\r\n%bContent-Type: application/json\r\nContent-Length: %d\r\n" % (
        target,
        _HOST,
        len(body),
    )
    return head + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def _chunked(target: bytes, chunks: bytes) -> bytes:
    return b"POST %b HTTP/1.1\r\n%bTransfer-Encoding: chunked\r\n\r\n" % (target, _HOST) + chunks


def forged(algorithm: str, **said: Any) -> bytes:
    """The field of a sound token whose signature is another one, in form and as long as a good one."""
    head, claims, signature = token(algorithm, exp=4_000_000_000, **said).encode().split(b".")
    return b"Authorization: Bearer %b.%b.%b%b" % (head, claims, _FRESH, signature[len(_FRESH) :])


def _full(line: bytes) -> list[bytes]:
    """As many fields as may be, that fill a head."""
    room = HEAD_BYTES_MAX // FIELDS_MAX - 12
    return [line % number + b"v" * (room - len(line)) for number in range(FIELDS_MAX - 2)]


ALGORITHMS: Final = ("RS256", "ES256", "EdDSA")
_PATHS: Final = (
    *(b"/transactions", b"/transactions/bulk", b"/transactions/search", b"/transactions/0123456789", b"/merchants"),
    *(b"/", b"/page/main.js", b"/docs", b"/docs/swagger-ui.css", b"/problems", b"/problems/overloaded"),
    *(b"/openapi.json", b"/healthz", b"/readyz", b"/nowhere", b"/docs/nothing", b"*", b"http://txn.test/healthz"),
)
_LINES: Final = (
    *map(forged, ALGORITHMS),
    *(
        b"Authorization: Bearer " + _UNKNOWN,
        b"Authorization: Bearer " + _TOKEN,
        b"X-API-Key: a.b.c",
        b"Accept: a/b;q=0.1",
    ),
    *(b"If-None-Match: *", b"Range: bytes=0-1,3-4", b"Expect: 100-continue", b"Connection: close", b"Cookie: a=b"),
    *(b"Connection: keep-alive, x", b"Transfer-Encoding: chunked", b"Content-Length: 5", b"Idempotency-Key: a"),
    *(b"traceparent: 00-12345678901234567890123456789012-1234567890123456-00", b"tracestate: a=b", b"Upgrade: h2c"),
    *(
        b"Content-Encoding: gzip",
        b"Accept-Encoding: identity",
        b"Signature: t=1,kid=0,v1=0",
        b"x:",
        b"x0: v",
        b" folded",
    ),
)


class KeylessRequests:
    """The target. It costs what our part of a process costs: the system's share of reads and writes is not in it."""

    bar = BAR
    bytes_max = BYTES_MAX
    reference = get(b"/transactions")
    seeds: Sequence[bytes] = (
        reference,
        *(get(path) for path in _PATHS),
        *(get(b"/merchants", line) for line in _LINES),
        post(b"/transactions", b"{}"),
        post(b"/transactions", b"x" * 60_000),
        post(b"/nowhere", b"x" * 60_000, b"Expect: 100-continue"),
        _chunked(b"/transactions/bulk", b"1\r\nx\r\n" * 8_000),
        _chunked(b"/nowhere", b"1;" + b"e" * 30_000 + b"\r\nx\r\n0\r\n"),
        get(b"/transactions?" + b"&".join(b"f%d=%%41" % number for number in range(32))),
        get(b"/healthz?a=" + b"1+2+3+" * 1_300),
        get(b"/" + b"%41" * 53, *_full(b"x%d: ")),
        get(b"/transactions", *_full(b"x%d:")),
        get(b"/transactions", *_full(b"Authorization: %d")),
        get(b"/transactions", b"x: a", *[b" " + b"b" * 300] * 40),
        get(b"/docs/swagger-ui-bundle.js", *_full(b"If-None-Match: %d")),
        *(get(b"/merchants", forged(algorithm, more="x" * 5_000)) for algorithm in ALGORITHMS),
        *(get(b"/transactions", *[b"x:"] * (FIELDS_MAX - 3), forged(algorithm)) for algorithm in ALGORITHMS),
        get(b"/merchants", b"Authorization: Bearer " + b"\xff" * 15_000),
        get(b"/merchants", b"Authorization: Bearer " + b"." * 15_000),
        get(b"/merchants", b"Connection: " + b"a," * 250),
        b"GET http://" + b"%41" * 160 + b"/ HTTP/1.1\r\nHost: " + b"%41" * 160 + b"\r\n\r\n",
        reference.replace(b"\r", b""),
        reference.replace(b"1.1", b"1.0"),
        b"\x16\x03\x01",
        b"",
    )
    pieces: Sequence[bytes] = (
        *_LINES,
        *_PATHS,
        b"\r\n",
        b"\n",
        b"\r\n\r\n",
        b"%41",
        b"%",
        b",",
        b";",
        b":",
        b"\t",
        b"0",
    )

    def __init__(self) -> None:
        # Refused calls are sampled in the log; a line of it is dearer than all else of a 401.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        self._loop = asyncio.new_event_loop()
        self._make = self._loop.run_until_complete(_connections())
        self._due: tuple[bytes, float] = (b"", 0.0)
        self._sent = 0
        self._parted: tuple[bytes, list[bytes]] = (b"", [])
        self.mutations: Sequence[Mutation] = (_with_line, _with_many_lines, _to_another_path, _with_another_framing)

    def close(self) -> None:
        """End the event loop."""
        self._loop.close()

    def due(self, data: bytes) -> float:
        """A plain 401 for each request in the bytes, and what a connection takes if they end theirs."""
        known, due = self._due
        if known != data:
            answers, connections = self._loop.run_until_complete(self._played(data, 1 + 1))
            due = max(1.0, answers / 2) + A_CONNECTION * (connections - 1)
            self._due = data, due
        return due

    def run(self, data: bytes) -> None:
        """Send the bytes again and again."""
        self._loop.run_until_complete(self._played(data, REPEATS))

    async def _played(self, data: bytes, repeats: int) -> tuple[int, int]:
        """How many answers came, and how many connections that took."""
        connection, transport = self._connected()
        answers, connections = 0, 1
        for _ in range(repeats):
            if transport.is_lost or not transport.is_open:
                transport.lose()  # it may still linger
                connection, transport = self._connected()
                connections += 1
            answers += await _sent(connection, transport, self._fresh(data))
        transport.lose()
        await asyncio.sleep(0)
        return answers, connections

    def _fresh(self, data: bytes) -> bytes:
        """The bytes with tokens that were not sent yet."""
        if self._parted[0] is not data:
            self._parted = data, data.split(_FRESH)
        parts = self._parted[1]
        self._sent += 1
        return data if len(parts) == 1 else (b"%012d" % self._sent).join(parts)

    def _connected(self) -> tuple[Connection, "_Counting"]:
        connection = self._make()
        transport = _Counting(connection)
        connection.connection_made(transport)
        return connection, transport


class _Counting(MemoryTransport):
    """Keeps nothing of what is written, and counts answers by their heads."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, keeps=False)
        self.answers = 0

    def _lose(self, error: Exception | None) -> None:
        """As a real transport does, forget the protocol: a circle of both would wait for the collector."""
        super()._lose(error)
        asyncio.get_running_loop().call_soon(setattr, self, "_protocol", None)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        begins = bytes(data[: len(_CONTINUE)])
        self.answers += begins.startswith(_ANSWER) and begins != _CONTINUE
        super().write(data)


async def _sent(connection: Connection, transport: _Counting, data: bytes) -> int:
    """Send the bytes in reads of the event loop, and wait until the connection has nothing more to do with them.

    What is unfinished is dropped: the connection ends, as it does at its deadline.
    """
    before = transport.answers
    rest = memoryview(data)
    for _ in range(TURNS_MAX):
        if rest and transport.takes_input:
            rest = memoryview(transport.give(rest))
        await asyncio.sleep(0)
        if transport.is_lost or not transport.is_open or (connection._exchange is None and not rest):
            break
    if connection._kept or connection._body is not None or connection._exchange is not None:
        transport.lose()
        await asyncio.sleep(0)
    return transport.answers - before


async def _published() -> bytes:
    return jwks(*map(jwk, ALGORITHMS))


async def _no_key(_: KeyId) -> ApiKey | None:
    return None


async def _connections() -> Any:
    """What makes connections to the whole application, whose table of keys knows none of the keys that are sent.

    It takes access tokens, too; those that are sent name a key of the issuer's, and it has signed none of them.
    """
    here = site()
    services: Services = here.app.state.services
    keys = Jwks(_published, algorithms=ALGORITHMS, cache_s=KNOWN_S)
    claims = Claims(issuer=ISSUER, audience=AUDIENCE, account="account", scope="scope", scope_prefix="")
    tokens = Tokens(keys, claims, trust_s=KNOWN_S)
    guarded = gate(services.settings, services.keys, _no_key, tokens=tokens)
    posts = PostBatch(services.admission, services.producer, rights=guarded.writing)
    here.app.state.services = replace(services, gate=guarded, posts=posts)
    config = uvicorn.Config(
        here.app,
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    config.load()
    state = ServerState()
    shared = {EXTENSION: BufferedRequests(cast("Any", here.app))}
    return lambda: cast("Any", Connection)(config, state, shared)


def _with_line(rng: Random, data: bytes) -> bytes:
    """One more field, somewhere in the head."""
    return _inserted(rng, data, rng.choice(_LINES) + b"\r\n")


def _with_many_lines(rng: Random, data: bytes) -> bytes:
    """As many more fields as fit."""
    room = rng.choice((256, 2_048, HEAD_BYTES_MAX)) - data.find(b"\r\n\r\n")
    return _inserted(rng, data, repeated(rng, rng.choice(_LINES) + b"\r\n", max(0, room)))


def _inserted(rng: Random, data: bytes, lines: bytes) -> bytes:
    places = [place + 2 for place in range(len(data[:HEAD_BYTES_MAX])) if data.startswith(b"\r\n", place)]
    place = rng.choice(places or [0])
    return data[:place] + lines + data[place:]


def _to_another_path(rng: Random, data: bytes) -> bytes:
    """The same for another path."""
    method, space, rest = data.partition(b" ")
    return method + space + rng.choice(_PATHS) + rest[rest.find(b" ") :]


def _with_another_framing(rng: Random, data: bytes) -> bytes:
    """The same with a body of some kind."""
    head = data.partition(b"\r\n\r\n")[0].replace(b"GET", b"POST", 1)
    size = int(2 ** rng.uniform(0, 15.9))
    if rng.random() < 0.5:
        return head + b"\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    return head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1;e\r\nx\r\n" * (size // 9) + b"0\r\n\r\n"
