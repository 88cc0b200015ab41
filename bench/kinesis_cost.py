"""What our Kinesis server costs a call, against kinesalite and against the client: `python -m bench.kinesis_cost`.

A server that stands opposite what is measured must not be what is measured: it should take a small part of the CPU
that the cheapest client takes for the same call. Requests are prepared once and sent over bare connections, so
that rates are the servers'; CPU is measured of the server's process.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

import uvloop
from httptools import HttpResponseParser

from bench.process_stats import cpu_s
from txn_cli.stack import nodepackages
from txn_cli.stack.binaries import find_node
from txn_core.aws.clients import Aws
from txn_core.settings import Settings

STREAM: Final = "txn-transactions"
SHARDS: Final = 4
CONNECTIONS: Final = 8
ROUNDS: Final = 5
ROUND_S: Final = 1.0
RECORD_BYTES: Final = 700
BATCHES: Final = (1, 100)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    name: str
    url: str
    pid: int

    def cpu_s(self) -> float:
        """CPU time of its process so far."""
        return cpu_s(self.pid)


@dataclass(frozen=True, slots=True)
class Cost:
    """One round's outcome."""

    calls_per_s: float
    cpu_us_a_call: float


def main() -> None:
    """Measure each server in turn, some rounds, and print medians and ratios."""
    os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_EC2_METADATA_DISABLED="true")
    with our_server() as ours, _kinesalite() as kinesalite:
        asyncio.run(_make_stream(kinesalite))
        client = {records: asyncio.run(_client_cpu_us(ours, records)) for records in BATCHES}
        rounds: dict[tuple[str, int], list[Cost]] = {}
        for _ in range(ROUNDS):
            for server in (ours, kinesalite):
                for records in BATCHES:
                    cost = uvloop.run(_round(server, _request(server, records)))
                    rounds.setdefault((server.name, records), []).append(cost)
    print("| PutRecords of 700 B | server | calls/s | CPU a call | CPU a record | of the client's CPU |")
    print("|---|---|---|---|---|---|")
    for (name, records), costs in rounds.items():
        calls_per_s = statistics.median(cost.calls_per_s for cost in costs)
        cpu_us = statistics.median(cost.cpu_us_a_call for cost in costs)
        print(
            f"| {records} | {name} | {calls_per_s:,.0f} | {cpu_us:,.0f} us | {cpu_us / records:,.1f} us "
            f"| {cpu_us / client[records]:.2f} |"
        )


class _Caller(asyncio.Protocol):
    """Sends the same request again as soon as it is answered, until told to stop."""

    def __init__(self, request: bytes) -> None:
        self.answered = 0
        self.stopped = False
        self._request = request
        self._transport: asyncio.Transport | None = None
        self._parser = HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Look for the answer's end."""
        self._parser.feed_data(data)

    def on_headers_complete(self) -> None:
        """Only successes are worth measuring."""
        if self._parser.get_status_code() != 200:
            raise RuntimeError(f"answered {self._parser.get_status_code()}")

    def on_message_complete(self) -> None:
        """Count, and ask again."""
        self.answered += 1
        self._parser = HttpResponseParser(self)
        if self._transport is not None and not self.stopped:
            self._transport.write(self._request)


def _itself(caller: _Caller) -> _Caller:
    return caller


async def _round(server: Server, request: bytes) -> Cost:
    loop = asyncio.get_running_loop()
    host, _, port = urlsplit(server.url).netloc.partition(":")
    callers = [_Caller(request) for _ in range(CONNECTIONS)]
    for caller in callers:
        await loop.create_connection(partial(_itself, caller), host, int(port))
    cpu_s, began, before = server.cpu_s(), time.perf_counter(), sum(caller.answered for caller in callers)
    await asyncio.sleep(ROUND_S)
    calls = sum(caller.answered for caller in callers) - before
    if not calls:
        raise RuntimeError(f"{server.name} answered nothing")
    cost = Cost(calls / (time.perf_counter() - began), (server.cpu_s() - cpu_s) / calls * 1e6)
    for caller in callers:
        caller.stopped = True
    return cost


async def _client_cpu_us(server: Server, records: int) -> float:
    """CPU that aiobotocore takes for such a call, without its checks of parameters."""
    entries = [{"Data": os.urandom(RECORD_BYTES), "PartitionKey": f"card_{number}"} for number in range(records)]
    async with Aws(Settings(kinesis_endpoint_url=server.url)).kinesis(validate=False) as client:
        calls = 200
        began = time.process_time()
        for _ in range(calls):
            await client.put_records(StreamName=STREAM, Records=entries)  # type: ignore[arg-type]
        return (time.process_time() - began) / calls * 1e6


def _request(server: Server, records: int) -> bytes:
    """A call as aiobotocore sends it, signature and all."""
    body = json.dumps(
        {
            "StreamName": STREAM,
            "Records": [
                {"Data": b64encode(os.urandom(RECORD_BYTES)).decode(), "PartitionKey": f"card_{number}"}
                for number in range(records)
            ],
        }
    ).encode()
    signature = "AWS4-HMAC-SHA256 Credential=x/20261101/us-east-1/kinesis/aws4_request, " + (
        "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" + "0" * 64
    )
    head = (
        f"POST / HTTP/1.1\r\nHost: {urlsplit(server.url).netloc}\r\nX-Amz-Target: Kinesis_20131202.PutRecords\r\n"
        f"Content-Type: application/x-amz-json-1.1\r\nUser-Agent: {'x' * 180}\r\nX-Amz-Date: 20261101T000000Z\r\n"
        f"Authorization: {signature}\r\namz-sdk-invocation-id: {'0' * 36}\r\namz-sdk-request: attempt=1\r\n"
        f"Accept: */*\r\nAccept-Encoding: identity\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@contextmanager
def our_server(shards: int = SHARDS) -> Iterator[Server]:
    """Our own Kinesis server, in a process of its own."""
    command = [sys.executable, "-m", "devkit.kinesis_server", "--shards", str(shards), "--keep-records", "10000"]
    with _running(command) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield Server("ours", ready["url"], process.pid)


@contextmanager
def _kinesalite() -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        packages = nodepackages.installed_at(nodepackages.shared_root(Path(folder)))
        launcher = nodepackages.node_source() / "server.js"
        command = [str(find_node().node), str(launcher), "kinesis", str(packages), folder, "0"]
        with _running(command) as process:
            assert process.stdout is not None
            yield Server("kinesalite", process.stdout.readline().split()[-1].decode(), process.pid)


@contextmanager
def _running(command: list[str]) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


async def _make_stream(server: Server) -> None:
    async with Aws(Settings(kinesis_endpoint_url=server.url)).kinesis() as client:
        await client.create_stream(StreamName=STREAM, ShardCount=SHARDS)
        while True:
            answer = await client.describe_stream_summary(StreamName=STREAM)
            if answer["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE":
                return


if __name__ == "__main__":
    main()
