"""The API's real process on our Kinesis server and the local DynamoDB, with its log kept."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from devkit.kinesis_server.running import kinesis_server
from devkit.kinesis_server.state.account import Options
from devkit.kinesis_server.state.shard import Keep
from devkit.site import Site

from tests.canary.exchanges import exchange, status_of
from txn_cli.stack import ports
from txn_cli.stack.endpoints import Endpoints
from txn_core.bootstrap import bootstrap
from txn_core.transactions.identity import Account

STREAM: Final = "txn-transactions"
START_S_MAX: Final = 60.0
STOP_S_MAX: Final = 30.0


@dataclass(frozen=True, slots=True)
class FuzzedApi:
    """Where the API answers, its process, a key with every scope, and its log."""

    port: int
    pid: int
    api_key: str
    log: Path


@asynccontextmanager
async def site(endpoints: Endpoints, folder: Path) -> AsyncIterator[FuzzedApi]:
    """Start everything but the local servers, and end it again."""
    prefix, port = f"fuzz-{os.getpid()}", ports.choose()
    names = {"TXN_TABLE_PREFIX": prefix, "TXN_BUCKET": prefix}
    told = {"TXN_BODY_DEADLINE_S": "1", "TXN_LOG_LEVEL": "debug", "TXN_EVENT_SCHEMA": "2"}
    async with kinesis_server({STREAM: 2}, options=Options(keep=Keep(0, digests=False))) as kinesis:
        with Site.on(replace(endpoints, kinesis_url=kinesis.url), api_port=port, **names, **told) as at:
            await bootstrap(at.settings)
            api_key, log = await at.api_key(account=Account("fuzz")), folder / "api.log"
            with _process(at.environment, log) as process:
                await _ready(port, process)
                yield FuzzedApi(port, process.pid, api_key, log)


@contextmanager
def _process(environment: Mapping[str, str], log: Path) -> "Iterator[subprocess.Popen[bytes]]":
    command = [sys.executable, "-m", "txn_cli.main", "api"]
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def _ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline_s = time.monotonic() + START_S_MAX
    while True:
        try:
            if status_of(await exchange(port, _READY)) == 200:
                return
        except OSError:
            pass  # not listening yet
        assert process.poll() is None, "the API does not start"
        assert time.monotonic() < deadline_s, "the API does not become ready"
        await asyncio.sleep(0.05)


_READY: Final = b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
