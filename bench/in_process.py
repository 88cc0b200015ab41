"""Posts in one process, without sockets: `python -m bench.in_process ours` (or `bare`).

What remains is the interpreter's work a request: the connection that a server would have is fed with whole requests
and its answers are counted. PutRecords is answered by a stand-in after 2 ms. `bench.instructions` counts what
this executes, which a busy machine does not change.
"""

import argparse
import asyncio
import gc
import hashlib
import socket
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

import uvloop
from prometheus_client import CollectorRegistry
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from bench.write_path import peers
from bench.write_path.load.bodies import bodies
from txn_api.app import create_app
from txn_api.edge.buffered_request import EXTENSION, BufferedRequests
from txn_api.services import gate
from txn_api.writes.admission import Admission
from txn_api.writes.batch import PostBatch
from txn_core.api_keys import SCOPES, ApiKey, KeyId, mint
from txn_core.kinesis.producer import Producer
from txn_core.settings import Settings
from txn_core.startup import GARBAGE_OBJECTS_MAX
from txn_core.transactions.identity import Account, KeyRing
from txn_server.http.connection import Connection

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

CONNECTIONS: Final = 256
BODIES: Final = 1_000  # as many however many requests: making one takes more than answering it
SHARDS: Final = 4
ROUND_TRIP_S: Final = 0.002
APPLICATIONS: Final = ("ours", "bare")
_HASHES: Final = 1 << 128
_ACCEPTED: Final = b"HTTP/1.1 202 "


class StandIn:
    """Kinesis with shards of equal shares: whatever comes lands on the shard of its hash key."""

    def __init__(self) -> None:
        self._landed = 0

    async def list_shards(self, **_: object) -> dict[str, Any]:
        """The shards, none of which ever closes."""
        share = _HASHES // SHARDS
        ranges = [
            {"StartingHashKey": str(n * share), "EndingHashKey": str((n + 1) * share - 1)} for n in range(SHARDS)
        ]
        begin = {"StartingSequenceNumber": "1"}
        return {
            "Shards": [
                {"ShardId": f"shardId-{n:012d}", "HashKeyRange": hashes, "SequenceNumberRange": begin}
                for n, hashes in enumerate(ranges)
            ]
        }

    async def put_records(self, *, StreamName: str, Records: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: ARG002, N803
        """Take all of them."""
        await asyncio.sleep(ROUND_TRIP_S)
        landed = []
        for record in Records:
            shard = _hash_of(record) * SHARDS // _HASHES
            self._landed += 1
            landed.append({"ShardId": f"shardId-{shard:012d}", "SequenceNumber": f"{self._landed:056d}"})
        return {"FailedRecordCount": 0, "Records": landed}


def _hash_of(record: dict[str, Any]) -> int:
    if "ExplicitHashKey" in record:
        return int(record["ExplicitHashKey"])
    return int.from_bytes(hashlib.md5(record["PartitionKey"].encode(), usedforsecurity=False).digest())


class Answers(asyncio.Transport):
    """The far end of one connection: each answer calls for the next request."""

    def __init__(self, answered: Callable[["Answers", bytes], None]) -> None:
        super().__init__()
        self._answered = answered
        self._socket = SimpleNamespace(
            family=socket.AF_INET,
            getpeername=lambda: ("127.0.0.1", 1),
            getsockname=lambda: ("127.0.0.1", 2),
            setsockopt=lambda *_: None,
        )

    def write(self, data: Any) -> None:
        """An answer, or its body behind its head."""
        if data.startswith(b"HTTP/1.1 "):
            self._answered(self, data)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As much of a socket as a connection asks for."""
        return self._socket if name == "socket" else default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever unread."""

    def is_closing(self) -> bool:
        """Never."""
        return False

    def resume_reading(self) -> None:
        """What comes is never more than one request."""


async def run(name: str, requests: int) -> float:
    """Have an application answer so many requests; gives its CPU seconds."""
    key, presented = mint(account=Account("bench"), scopes=SCOPES)
    # Under valgrind, on a busy machine, a post takes seconds.
    settings = Settings(key_writes_per_s=1_000_000, key_requests_max=10_000, request_deadline_s=600)
    application: Any = peers.bare
    protocol: type[asyncio.Protocol] = HttpToolsProtocol
    if name == "ours":
        application, protocol = await _ours(settings, key), Connection
    config = Config(application, ws="none", proxy_headers=False, log_config=None, access_log=False, lifespan="off")
    config.load()
    state = ServerState()
    state.default_headers = [(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT")]
    wire = [_request(body, presented) for body in bodies(BODIES)]
    shared = {EXTENSION: BufferedRequests(application if name == "ours" else None)}
    return await _answered(lambda: cast("Any", protocol)(config, state, shared), wire, requests)


async def _ours(settings: Settings, key: ApiKey) -> Any:
    """The whole application, but for the tables that a post does not need."""

    async def find(_: KeyId) -> ApiKey:
        return key

    producer = Producer.from_settings(cast("KinesisClient", StandIn()), settings, CollectorRegistry())
    await producer.route_by_shards()
    keys = KeyRing({1: b"c" * 32}, b"i" * 32)
    admission = Admission(keys, settings.occurred_ahead_s_max)
    application = create_app(settings)
    application.state.services = SimpleNamespace(
        settings=settings,
        admission=admission,
        gate=gate(settings, keys, find),
        producer=producer,
        posts=PostBatch(admission, producer),
    )
    return application


async def _answered(connect: Callable[[], asyncio.Protocol], wire: Sequence[bytes], requests: int) -> float:
    """The CPU seconds in which so many requests of `wire` are answered on the connections."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    connections: dict[Answers, asyncio.Protocol] = {}
    sent = answers = 0

    def ask(transport: Answers) -> None:
        nonlocal sent
        if sent < requests:
            sent += 1
            connections[transport].data_received(wire[sent % len(wire)])

    def answered(transport: Answers, answer: bytes) -> None:
        nonlocal answers
        answers += 1
        if not answer.startswith(_ACCEPTED):
            ended.set_exception(RuntimeError(answer.partition(b"\r\n")[0].decode()))
        elif answers == requests:
            ended.set_result(None)
        else:
            loop.call_soon(ask, transport)

    for _ in range(CONNECTIONS):
        transport, connection = Answers(answered), connect()
        connections[transport] = connection
        connection.connection_made(transport)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS_MAX)
    began = time.process_time()
    for transport in connections:
        ask(transport)
    await ended
    return time.process_time() - began


def _request(body: bytes, key: str) -> bytes:
    head = (
        f"POST /transactions HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def main() -> None:
    """Run, and print the CPU time a request."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("application", choices=APPLICATIONS)
    parser.add_argument("--requests", type=int, default=60_000)
    arguments = parser.parse_args()
    taken_s = uvloop.run(run(arguments.application, arguments.requests))
    print(f"{arguments.application}: {taken_s / arguments.requests * 1e6:.1f} us of CPU a request")


if __name__ == "__main__":
    main()
