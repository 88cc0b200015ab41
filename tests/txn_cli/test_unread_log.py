"""The API's process whose log goes into a pipe that nobody reads: it answers, stays as large as it was, and counts.

`make unread-log` sends as many requests as are wanted; the test suite just enough to fill pipe and queue.
"""

import asyncio
import json
import os
import re
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.builders import base64_key
from txn_cli.stack import ports
from txn_core.bootstrap import bootstrap
from txn_core.logs.log_queue import LINES_MAX, STALL_S_MAX
from txn_core.settings import Settings

REQUESTS: Final = int(os.environ.get("UNREAD_REQUESTS", "6000"))
"""Refused ones, a log line each at the level debug: at others few refusals are logged (`txn_api.edge.request_log`).

A pipe holds about 300 lines, the queue `LINES_MAX`.
"""
CONNECTIONS: Final = 8
REQUESTS_A_WRITE: Final = 4
HEALTHZ_S_MAX: Final = 0.1 if "UNREAD_REQUESTS" in os.environ else 10.0
"""The bar of `make unread-log`. Elsewhere a machine may be busy; who waits for the pipe never ends."""
GROWTH_BYTES_MAX: Final = 6 << 20
"""The queue's mebibyte as Python objects, and what eight connections take."""
START_S_MAX: Final = 60.0
END_S_MAX: Final = STALL_S_MAX + 60.0  # of a busy machine

_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_DROPPED: Final = re.compile(r"^txn_api_log_lines_dropped_total(?:\{process=\"\d+\"\})? ([0-9.e+]+)$", re.MULTILINE)

assert REQUESTS > LINES_MAX


@dataclass(frozen=True, slots=True)
class Client:
    """One connection that is kept."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    @asynccontextmanager
    async def of(cls, port: int) -> "AsyncIterator[Client]":
        reader, writer = await asyncio.open_connection(ports.HOST, port, limit=1 << 20)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()

    async def get(self, path: str, times: int = 1) -> list[tuple[int, bytes]]:
        """Status and body of some requests that are sent at once."""
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * times)
        return [await self._answer() for _ in range(times)]

    async def _answer(self) -> tuple[int, bytes]:
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        assert length is not None
        return int(head.split(b" ", 2)[1]), await self.reader.readexactly(int(length[1]))


@asynccontextmanager
async def serving(
    settings: Settings, own_environment: pytest.MonkeyPatch, processes: int
) -> AsyncIterator[tuple[int, asyncio.subprocess.Process]]:
    """`txn api`, with standard output and error in one pipe that is not read; its port."""
    port = ports.choose()
    for name in ("kinesis_endpoint_url", "dynamodb_endpoint_url", "stream", "table_prefix"):
        own_environment.setenv(f"TXN_{name.upper()}", str(getattr(settings, name)))
    own_environment.setenv("TXN_CARD_KEYS", json.dumps({"1": base64_key(1)}))
    for name in ("IDENTITY", "CURSOR"):
        own_environment.setenv(f"TXN_{name}_KEY", base64_key(2))
    own_environment.setenv("TXN_LOG_LEVEL", "debug")
    own_environment.setenv("TXN_METRICS_NEED_ADMIN", "false")
    own_environment.setenv("TXN_API_PORT", str(port))
    own_environment.setenv("TXN_API_PROCESSES", str(processes))
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory() as sockets:  # a short name, as sockets need it
        own_environment.setenv("TMPDIR", sockets)
        command = (sys.executable, "-m", "txn_cli.main", "api")
        process = await asyncio.create_subprocess_exec(*command, stdout=writing, stderr=writing)
        os.close(writing)
        try:
            await _until_served(port, process)
            yield port, process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            os.close(reading)


async def _until_served(port: int, process: asyncio.subprocess.Process) -> None:
    ends_at = time.monotonic() + START_S_MAX
    while process.returncode is None and time.monotonic() < ends_at:
        try:
            async with Client.of(port) as client:
                ((status, _),) = await client.get("/healthz")
        except (OSError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.05)
        else:
            assert status == 200
            return
    pytest.fail("the API does not start")


async def refused(port: int, requests: int) -> None:
    """Send requests without a key; each is answered 401, and logged."""
    async with Client.of(port) as client:
        for _ in range(requests // REQUESTS_A_WRITE):
            answers = await client.get(f"/transactions/{secrets.token_hex(8)}", REQUESTS_A_WRITE)
            assert {status for status, _ in answers} == {401}


async def healthz(port: int, seconds: list[float]) -> None:
    """Ask again and again, for as long as the others are answered."""
    async with Client.of(port) as client:
        while True:
            began = time.perf_counter()
            ((status, _),) = await client.get("/healthz")
            seconds.append(time.perf_counter() - began)
            assert status == 200
            await asyncio.sleep(0.005)


async def flooded(port: int, requests: int) -> tuple[float, int]:
    """The 99th percentile of `/healthz` while so many requests are refused, seconds; and how often it was asked."""
    seconds: list[float] = []
    asking = asyncio.create_task(healthz(port, seconds))
    try:
        async with asyncio.timeout(100):
            await asyncio.gather(*(refused(port, requests // CONNECTIONS) for _ in range(CONNECTIONS)))
    finally:
        asking.cancel()
    return sorted(seconds)[int(len(seconds) * 0.99)], len(seconds)


async def dropped(port: int) -> float:
    """The lines that were dropped, by the API's own account."""
    async with Client.of(port) as client:
        ((status, body),) = await client.get("/metrics")
    assert status == 200
    counts = _DROPPED.findall(body.decode())
    assert counts
    return sum(map(float, counts))


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
async def test_refused_requests_against_a_pipe_that_nobody_reads(
    settings: Settings, own_environment: pytest.MonkeyPatch
) -> None:
    """`/healthz` is answered at once all the while, nothing grows, what is lost is counted, and the end is soon."""
    await bootstrap(settings)
    async with serving(settings, own_environment, processes=1) as (port, process):
        await refused(port, 400)  # more than the pipe holds
        before = resident_bytes(process.pid)
        p99_s, probes = await flooded(port, REQUESTS)
        grown = resident_bytes(process.pid) - before
        lost = await dropped(port)
        sys.stdout.write(
            f"{REQUESTS:,} refused: p99 of /healthz {p99_s * 1e3:.1f} ms, memory {grown / 1024:+,.0f} KiB, "
            f"{lost:,.0f} lines dropped\n"
        )
        assert p99_s < HEALTHZ_S_MAX
        assert grown < GROWTH_BYTES_MAX
        assert REQUESTS - LINES_MAX - 400 < lost < REQUESTS + probes
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), END_S_MAX) == 0


async def test_several_processes_behind_one_pipe_that_nobody_reads(
    settings: Settings, own_environment: pytest.MonkeyPatch
) -> None:
    """The first to fill it leaves nothing to the others, nor to their supervisor, who ends them in order."""
    await bootstrap(settings)
    async with serving(settings, own_environment, processes=2) as (port, process):
        assert (await flooded(port, 800))[0] < HEALTHZ_S_MAX
        assert await dropped(port) == 0
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), END_S_MAX) == 0
