"""The API's process under uploads of one key that each hold as much as they can: its memory stays bounded.

`make upload-memory` has as many as a key may have at once by default, of all kinds; the test suite a few of one.
"""

import asyncio
import json
import os
import random
import socket
import sys
import zlib
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Final

import pytest
from backports import zstd

from tests.builders import full_body
from tests.txn_cli.test_unread_log import resident_bytes, serving
from txn_api.writes.fair_memory import (
    DECOMPRESSION_BYTES_MAX,
    IN_FLIGHT_BYTES_MAX,
    REJECTED_BYTES_MAX,
    UNREAD_BYTES_MAX,
)
from txn_cli.stack import ports
from txn_core.api_keys import SCOPES, ApiKeyTable, mint
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.tables import TableNames
from txn_core.settings import Settings
from txn_core.transactions.identity import Account

UPLOADS: Final = int(os.environ.get("UPLOADS", "32"))
GROWTH_BYTES_MAX: Final = 512 << 20
"""Under 1,024 uploads of one key."""
AN_UPLOAD_BYTES_MAX: Final = 400 << 10
"""Beside what all uploads share: its connection with both buffers, a piece of its body, a line, a decompressor."""
OWN_BYTES: Final = 16 << 20
"""What a process comes to that has served nobody yet, and the allocator's own."""
LOOKS_EVERY_S: Final = 0.25
STEADY_S: Final = 2.0 if UPLOADS > 100 else 0.75
SECONDS_MAX: Final = 150.0 if UPLOADS > 100 else 20.0
LINE_BYTES_MAX: Final = 65_536
_RECEIVED_BYTES: Final = 4_096


def faults(number: int) -> bytes:
    """Rejected lines, nearly each of which has faults of its own."""
    rng = random.Random(number)
    lines = []
    for _ in range(200):
        document = full_body()
        for part in (document, document["customer"], document["merchant"], document["terminal"]):
            for name in [name for name, value in part.items() if not isinstance(value, dict) and rng.random() < 0.5]:
                part[name] = []
        lines.append(json.dumps(document))
    return "\n".join([*lines, ""]).encode()


def long_line(_: int) -> bytes:
    """A line without an end, and as much behind it as is read."""
    return b"x" * (LINE_BYTES_MAX - 100)


def short_lines(number: int) -> bytes:
    """The shortest lines there are."""
    return b"%d\n" % (number % 10) * 200_000


def in_gzip(number: int) -> bytes:
    """A line of random digits without an end, compressed, and behind it what does not compress."""
    rng = random.Random(number)
    deflate = zlib.compressobj(wbits=31)
    text = rng.randbytes((LINE_BYTES_MAX - 100) // 2).hex().encode()
    return deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH)


def in_zstd(_: int) -> bytes:
    """A frame whose window is as large as may be, and is filled; it does not end."""
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 23})
    line = random.Random(1).randbytes(50).hex().encode()
    content = b"".join(b"%d%b" % (number, line) for number in range(90_000)) + b"\n"
    return compressor.compress(content, zstd.ZstdCompressor.FLUSH_BLOCK)


Kind = tuple[Callable[[int], bytes], str, str, int]
KINDS: Final[dict[str, Kind]] = {
    "rejected lines": (faults, "", "identity", REJECTED_BYTES_MAX // 2),
    "unread results": (short_lines, "?results=all", "identity", UNREAD_BYTES_MAX // 2 + IN_FLIGHT_BYTES_MAX // 2),
    "zstd windows": (in_zstd, "", "zstd", DECOMPRESSION_BYTES_MAX // 2),
    "gzip": (in_gzip, "", "gzip", 0),
    "long lines": (long_line, "", "identity", 0),
    "short lines": (short_lines, "", "identity", REJECTED_BYTES_MAX // 2),
}
KINDS_RUN: Final = [*KINDS] if UPLOADS > 100 else ["zstd windows"]  # the memory that Python does not see


async def key_of(settings: Settings) -> str:
    """A new key with the default limits."""
    kept, presented = mint(account=Account("noisy"), scopes=SCOPES)
    async with Aws(settings).dynamodb() as dynamodb:
        await ApiKeyTable(dynamodb, TableNames.of(settings).api_keys).put(kept)
    return presented


async def upload(connection: socket.socket, port: int, head: bytes, content: bytes) -> None:
    """Send, and read nothing."""
    loop = asyncio.get_running_loop()
    with suppress(ConnectionError):
        await loop.sock_connect(connection, (ports.HOST, port))
        await loop.sock_sendall(connection, head)
        await loop.sock_sendall(connection, content)


async def most_bytes(pid: int) -> int:
    """The most memory that a process has until it is the same for a while."""
    most, since_s = resident_bytes(pid), 0.0
    waited_s = 0.0
    while since_s < STEADY_S and waited_s < SECONDS_MAX:
        await asyncio.sleep(LOOKS_EVERY_S)
        waited_s += LOOKS_EVERY_S
        now = resident_bytes(pid)
        since_s = 0.0 if now > most + (64 << 10) else since_s + LOOKS_EVERY_S
        most = max(most, now)
    return most


@pytest.mark.timeout(600)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
@pytest.mark.parametrize("kind", KINDS_RUN)
async def test_uploads_of_one_key_together_take_bounded_memory(
    kind: str, settings: Settings, own_environment: pytest.MonkeyPatch
) -> None:
    """Whatever they consist of: what an upload holds by itself, and its account's share of what all hold."""
    made, query, encoding, shared_bytes = KINDS[kind]
    contents = [made(number) for number in range(16)]
    await bootstrap(settings)
    key = await key_of(settings)
    head = (
        f"POST /transactions/bulk{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/x-ndjson\r\nContent-Encoding: {encoding}\r\nContent-Length: {1 << 33}\r\n\r\n"
    ).encode()
    async with serving(settings, own_environment, processes=1) as (port, process):
        before = resident_bytes(process.pid)
        with ExitStack() as connections:
            sending = []
            for number in range(UPLOADS):
                connection = connections.enter_context(socket.socket())
                connection.setblocking(False)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVED_BYTES)
                sending.append(asyncio.create_task(upload(connection, port, head, contents[number % len(contents)])))
            try:
                grown = await most_bytes(process.pid) - before
            finally:
                for task in sending:
                    task.cancel()
                await asyncio.gather(*sending, return_exceptions=True)
        sys.stdout.write(f"{UPLOADS:,} uploads, {kind}: memory {grown / (1 << 20):+,.0f} MiB\n")
        assert grown < UPLOADS * AN_UPLOAD_BYTES_MAX + shared_bytes + OWN_BYTES
        assert grown < GROWTH_BYTES_MAX
