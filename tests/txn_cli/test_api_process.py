"""`txn api` with several processes, as it is started, on real tables and a stream that takes its time."""

import asyncio
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import httpx
import pytest
from devkit.kinesis_server.faults import Latency

from devkit.kinesis_server import KinesisServer, kinesis_server
from tests.builders import base64_key, body, card_number
from tests.support.emf_lines import Told, by, by_service
from tests.txn_cli.stack.told_children import until
from txn_cli.stack import ports
from txn_core.api_keys import ApiKeyTable, mint
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.tables import TableNames
from txn_core.settings import Settings
from txn_core.transactions.identity import Account

CLIENTS = 16
SLOWNESS_S = 7.0  # of a busy machine; twice the deadline would be more
POSTED = r'txn_http_requests_total{method="POST",process="(\d+)",route="/transactions",status="202"}'


@pytest.fixture
async def kinesis() -> AsyncIterator[KinesisServer]:
    """A stream that answers a tenth of a second later."""
    async with kinesis_server() as server:
        server.faults.latencies["PutRecords"] = Latency(0.1)
        yield server


async def headers(settings: Settings) -> dict[str, str]:
    """A key that may post."""
    kept, presented = mint(account=Account("acme"), scopes=("transactions:write",))
    async with Aws(settings).dynamodb() as dynamodb:
        await ApiKeyTable(dynamodb, TableNames(settings.table_prefix).api_keys).put(kept)
    return {"Authorization": f"Bearer {presented}"}


@contextmanager
def serving(
    settings: Settings, own_environment: pytest.MonkeyPatch, stderr: "int | IO[bytes]" = subprocess.DEVNULL
) -> "Iterator[subprocess.Popen[bytes]]":
    """`txn api` as two processes."""
    for name in ("kinesis_endpoint_url", "dynamodb_endpoint_url", "stream", "table_prefix", "api_port"):
        own_environment.setenv(f"TXN_{name.upper()}", str(getattr(settings, name)))
    own_environment.setenv("TXN_CARD_KEYS", f'{{"1": "{base64_key(1)}"}}')
    own_environment.setenv("TXN_IDENTITY_KEY", base64_key(2))
    own_environment.setenv("TXN_CURSOR_KEY", base64_key(3))
    own_environment.setenv("TXN_API_PROCESSES", "2")
    own_environment.setenv("TXN_METRICS_NEED_ADMIN", "false")
    with tempfile.TemporaryDirectory() as sockets:
        own_environment.setenv("TMPDIR", sockets)
        process = subprocess.Popen([sys.executable, "-m", "txn_cli.main", "api"], stderr=stderr)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


async def test_sigterm_under_load_loses_no_answer(
    settings: Settings, kinesis: KinesisServer, own_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both processes take posts; each post that was sent before the signal is acknowledged.

    And what the two tell CloudWatch adds up to what was answered, up to the last one.
    """
    own_environment.setenv("TXN_EMF", "true")
    settings = settings.model_copy(update={"kinesis_endpoint_url": kinesis.url, "api_port": ports.choose()})
    await bootstrap(settings)
    key, statuses, ending = await headers(settings), list[int](), asyncio.Event()
    # A connection each: kept alive, one would stay with its process.
    limits = httpx.Limits(max_keepalive_connections=0)
    base = f"http://{ports.HOST}:{settings.api_port}"
    async with httpx.AsyncClient(base_url=base, limits=limits, trust_env=False, timeout=60) as client:

        async def post(number: int) -> None:
            while not ending.is_set():
                sent = body(transaction_id=f"{number:04d}{len(statuses):08d}", card_number=card_number(number))
                statuses.append((await client.post("/transactions", json=sent, headers=key)).status_code)

        with (tmp_path / "log").open("wb") as log, serving(settings, own_environment, log) as process:
            await _ready(client)
            async with asyncio.timeout(60), asyncio.TaskGroup() as posting:
                for number in range(CLIENTS):
                    posting.create_task(post(number))
                while len(await _processes_posted_to(client)) < 2:  # noqa: ASYNC110 - other processes make it hold
                    await asyncio.sleep(0.05)
                ending.set()
                process.send_signal(signal.SIGTERM)
            await until(lambda: process.poll() is not None)
    assert set(statuses) == {202}
    assert process.returncode == 0
    lines = (tmp_path / "log").read_bytes().splitlines(keepends=True)
    told = Told(line for line in lines if b'"_aws"' in line)
    assert told.sums[by("txn_http_requests_total", "api", "status", "202")] == len(statuses)
    assert told.sums[by_service("txn_user_records_put_total", "api")] == len(statuses)
    assert told.sums[by_service("txn_emf_reports_total", "api")] >= 2


async def test_who_waits_for_a_stream_that_does_not_answer_is_told_so_within_the_shutdown_deadline(
    settings: Settings, kinesis: KinesisServer, own_environment: pytest.MonkeyPatch
) -> None:
    """However long it may wait otherwise: one deadline bounds its answer and the end of the process."""
    kinesis.faults.latencies["PutRecords"] = Latency(60.0)
    settings = settings.model_copy(update={"kinesis_endpoint_url": kinesis.url, "api_port": ports.choose()})
    await bootstrap(settings)
    for name, seconds in (("REQUEST_DEADLINE_S", 60), ("PUT_TIMEOUT_S", 60), ("SHUTDOWN_DEADLINE_S", 8)):
        own_environment.setenv(f"TXN_{name}", str(seconds))
    key, base = await headers(settings), f"http://{ports.HOST}:{settings.api_port}"
    async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=60) as client:
        with serving(settings, own_environment) as process:
            await _ready(client)
            posts = [
                asyncio.create_task(client.post("/transactions", json=body(transaction_id=f"{n:08d}"), headers=key))
                for n in range(CLIENTS)
            ]
            while await _in_flight(client) <= CLIENTS:  # noqa: ASYNC110 - other processes make it hold
                await asyncio.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            answers = await asyncio.gather(*posts)
            await until(lambda: process.poll() is not None)
    assert time.monotonic() - began < 8 + SLOWNESS_S
    assert {answer.status_code for answer in answers} == {503}
    codes = {answer.json()["code"] for answer in answers}
    assert {"outcome_unknown"} <= codes <= {"outcome_unknown", "not_stored"}  # sent, and queued behind what was
    assert process.returncode == 0


async def _in_flight(client: httpx.AsyncClient) -> float:
    """The requests in flight, the one that asks among them."""
    lines = (await client.get("/metrics")).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("txn_http_requests_in_flight"))


async def _processes_posted_to(client: httpx.AsyncClient) -> set[str]:
    return set(re.findall(POSTED, (await client.get("/metrics")).text))


async def _ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while True:
            with suppress(httpx.TransportError):
                if (await client.get("/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.05)
