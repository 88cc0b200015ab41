"""Ends processes in the worst moment: while they hold card numbers in their hands."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.canary.exchanges import exchange
from tests.canary.probes import Prober
from txn_core.aws.clients import Aws
from txn_core.settings import Settings

RESTART_S_MAX: Final = 60.0
UPLOAD_LINES: Final = 400


def ready_of(data_dir: Path) -> dict[str, Any]:
    """Where the stack is now; its process ids change with each restart."""
    document: dict[str, Any] = json.loads((data_dir / "ready.json").read_text())
    return document


async def crash_api(data_dir: Path, prober: Prober, number: signal.Signals) -> None:
    """A signal while an upload and posts are under way."""
    ready = ready_of(data_dir)
    port = urlsplit(ready["api_url"]).port or 0
    lines = b"".join(json.dumps(prober.sound("in flight")).encode() + b"\n" for _ in range(UPLOAD_LINES))
    head = prober.http(
        "POST", "/transactions/bulk", b"", {"Content-Type": "application/x-ndjson", "Transfer-Encoding": "chunked"}
    )
    # Chunks without an end: the server has all lines, and waits for more.
    upload = asyncio.create_task(_ignored(exchange(port, head + b"%x\r\n%b\r\n" % (len(lines), lines))))
    posts = [json.dumps(prober.sound("in flight")).encode() for _ in range(8)]
    others = [
        asyncio.create_task(_ignored(exchange(port, prober.http("POST", "/transactions", each)))) for each in posts
    ]
    await asyncio.sleep(0.05)  # no condition would do: the crash is to come in the middle
    await crash(data_dir, "api", number)
    await asyncio.gather(upload, *others)


async def crash(data_dir: Path, name: str, number: signal.Signals) -> None:
    """End one process of the stack, and wait until it was started again."""
    before = ready_of(data_dir)["pids"][name]
    os.kill(before, number)
    await _started_again(data_dir, name, before)


async def _started_again(data_dir: Path, name: str, before: int) -> None:
    deadline_s = time.monotonic() + RESTART_S_MAX
    while ready_of(data_dir)["pids"][name] == before:
        assert time.monotonic() < deadline_s, f"{name} was not started again"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def frozen(data_dir: Path, name: str) -> AsyncIterator[None]:
    """A server that answers nobody for the time of the block."""
    with _stopped(ready_of(data_dir)["pids"][name]):
        yield


@asynccontextmanager
async def gone(data_dir: Path, name: str) -> AsyncIterator[None]:
    """A server that is dead for the time of the block, since what would start it again stands still."""
    pid = ready_of(data_dir)["pids"][name]
    with _stopped(_parent_of(pid)):
        os.kill(pid, signal.SIGKILL)
        yield
    await _started_again(data_dir, name, pid)


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _parent_of(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("PPid:"))


async def put_foreign_records(settings: Settings, numbers: Mapping[str, str]) -> None:
    """What a producer that is not ours may put on the stream: card numbers, readable."""
    records = [
        *(number.encode() for number in numbers),
        *(json.dumps({"schema": 1, "card_number": number}).encode() for number in numbers),
        *(json.dumps({"schema": 1, "transaction_id": number, number: number}).encode() for number in numbers),
    ]
    async with Aws(settings).kinesis() as kinesis:
        for number, data in enumerate(records):
            await kinesis.put_record(StreamName=settings.stream, Data=data, PartitionKey=str(number))


async def _ignored(exchanging: Any) -> None:
    """The server dies meanwhile: what it had said is nobody's concern."""
    try:
        await exchanging
    except (OSError, TimeoutError):
        return
