"""The API's real process on our Kinesis server and the local DynamoDB, with its log kept."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devkit.kinesis_server.account import Options
from devkit.kinesis_server.running import kinesis_server
from devkit.kinesis_server.shard import Keep

from tests.builders import base64_key
from tests.canary.wire import exchange, status_of
from txn_cli.stack import ports
from txn_cli.stack.endpoints import Endpoints
from txn_core.api_keys import SCOPES, ApiKeyTable, mint
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.tables import TableNames
from txn_core.quotas import UNLIMITED
from txn_core.settings import Settings
from txn_core.transactions.identity import Account

STREAM: Final = "txn-transactions"
START_S_MAX: Final = 60.0
STOP_S_MAX: Final = 30.0


@dataclass(frozen=True, slots=True)
class Site:
    """Where the API answers, its process, a key with every scope, and its log."""

    port: int
    pid: int
    api_key: str
    log: Path


@asynccontextmanager
async def site(endpoints: Endpoints, folder: Path) -> AsyncIterator[Site]:
    """Start everything but the local servers, whose credentials are put into the environment, and end it again."""
    async with kinesis_server({STREAM: 2}, options=Options(keep=Keep(0, digests=False))) as kinesis:
        port, prefix = ports.choose(), f"fuzz-{os.getpid()}"
        environment = os.environ | {
            "AWS_ACCESS_KEY_ID": endpoints.access_key,
            "AWS_SECRET_ACCESS_KEY": endpoints.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "TXN_KINESIS_ENDPOINT_URL": kinesis.url,
            "TXN_DYNAMODB_ENDPOINT_URL": endpoints.dynamodb_url,
            "TXN_S3_ENDPOINT_URL": endpoints.s3_url,
            "TXN_STREAM": STREAM,
            "TXN_TABLE_PREFIX": prefix,
            "TXN_BUCKET": prefix,
            "TXN_CARD_KEYS": json.dumps({"1": base64_key(1)}),
            "TXN_IDENTITY_KEY": base64_key(2),
            "TXN_CURSOR_KEY": base64_key(3),
            "TXN_API_PORT": str(port),
            "TXN_METRICS_NEED_ADMIN": "false",
            "TXN_BODY_DEADLINE_S": "1",
            "TXN_LOG_LEVEL": "debug",
        }
        api_key = await _prepared(environment)
        log = folder / "api.log"
        with _process(environment, log) as process:
            await _ready(port, process)
            yield Site(port, process.pid, api_key, log)


async def _prepared(environment: dict[str, str]) -> str:
    """Make tables and bucket, and a key."""
    os.environ.update({name: environment[name] for name in environment if name.startswith("AWS_")})
    settings = Settings(
        kinesis_endpoint_url=environment["TXN_KINESIS_ENDPOINT_URL"],
        dynamodb_endpoint_url=environment["TXN_DYNAMODB_ENDPOINT_URL"],
        s3_endpoint_url=environment["TXN_S3_ENDPOINT_URL"],
        stream=STREAM,
        table_prefix=environment["TXN_TABLE_PREFIX"],
        bucket=environment["TXN_BUCKET"],
    )
    await bootstrap(settings)
    kept, presented = mint(account=Account("fuzz"), scopes=SCOPES, limits=UNLIMITED)
    async with Aws(settings).dynamodb() as dynamodb:
        await ApiKeyTable(dynamodb, TableNames.of(settings).api_keys).put(kept)
    return presented


@contextmanager
def _process(environment: dict[str, str], log: Path) -> "Iterator[subprocess.Popen[bytes]]":
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
