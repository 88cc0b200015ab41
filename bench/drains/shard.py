"""The index on a full shard: what a process takes for 1,000 transactions a second when the table costs nothing.

The index runs in its own host, with its leases in the local DynamoDB, and reads one shard of our Kinesis server,
which has AWS' limits. Its table is `free_dynamodb`. So what is measured is the process: what it reads, decodes and
sends. Servers and load have the other core.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from devkit.local_servers import servers_running
from devkit.site import Site

from bench.process_stats import pinned
from bench.write_path import servers
from bench.write_path.results import Result, at_most, counted, none_of, tell
from bench.write_path.servers import LOAD_CORE, MEASURED_CORE
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir
from txn_core.aws.clients import Aws
from txn_core.aws.types import DynamoDBClient
from txn_core.bootstrap import bootstrap
from txn_core.drains import INDEX
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import LAYOUT_ID
from txn_core.settings import Settings
from workers.context import DrainContext
from workers.drain import Drain
from workers.hosts.process import work
from workers.index.index_drain import open_index

RATE: Final = 1_000.0
SECONDS: Final = 60.0
BEHIND_S_MAX: Final = 2.0
CORE_PERCENT_MAX: Final = 60.0
_PAUSE_S: Final = 0.1
_WAIT_S_MAX: Final = 120.0


@dataclass(frozen=True, slots=True)
class Drained:
    """What a run came to: the share of a core, and how long after the last record the last item was written."""

    cpu_s: float
    load_s: float
    behind_s: float
    missing: int


async def measure(_: int, *, rate: float = RATE, seconds: float = SECONDS) -> list[Result]:
    """One run."""
    count = int(rate * seconds)
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        data_dir = DataDir.at(Path(folder) / "data")
        with pinned(LOAD_CORE):
            endpoints = await stack.enter_async_context(servers_running(data_dir))
        kinesis_url = stack.enter_context(servers.kinesis("--shards", "1", "--limits", "real"))
        free_url = stack.enter_context(_free_dynamodb())
        at = Site.on(replace(endpoints, kinesis_url=kinesis_url), Secrets.of(data_dir), TXN_STREAM_SHARDS="1")
        site = stack.enter_context(at)
        await bootstrap(site.settings)
        load = stack.enter_context(_load(site, rate, count))
        free = site.settings.model_copy(update={"dynamodb_endpoint_url": free_url})
        table = await stack.enter_async_context(Aws(free).dynamodb_writer())
        await _lay_out(site.settings, table)
        stack.enter_context(pinned(MEASURED_CORE))
        found = await _run(site.settings, table, load, free_url, count)
    tell(f"shard: {found.cpu_s:.1f} CPU seconds in {found.load_s:.1f} s, {found.behind_s:.2f} s behind at the end")
    percent = 100 * found.cpu_s / found.load_s
    return [
        counted(
            f"index on a shard at {rate:,.0f} transactions/s, a table that costs nothing: % of a core",
            percent,
            CORE_PERCENT_MAX,
        ),
        counted("the same: seconds from the last record to the last item", found.behind_s, BEHIND_S_MAX, at_most(1)),
        none_of("the same: transactions that were not written", found.missing),
    ]


async def _run(
    settings: Settings, table: DynamoDBClient, load: "subprocess.Popen[bytes]", free_url: str, count: int
) -> Drained:
    async def opened(context: DrainContext) -> Drain:
        return await open_index(replace(context, dynamodb=table))

    stopping = asyncio.Event()
    name = TableNames.of(settings).transactions
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(work(INDEX, settings, stopping, opened))
        await _leased(settings, working)
        assert load.stdin is not None
        assert load.stdout is not None
        began_s, began_cpu_s = time.monotonic(), time.process_time()
        load.stdin.write(b"begin\n")
        load.stdin.flush()
        await asyncio.to_thread(load.stdout.readline)
        loaded_s = time.monotonic()
        while (missing := count - (await asyncio.to_thread(_counts, free_url)).get(name, 0)) > 0:
            if time.monotonic() > loaded_s + _WAIT_S_MAX:
                break
            await asyncio.sleep(_PAUSE_S)
        ended_s, cpu_s = time.monotonic(), time.process_time() - began_cpu_s
        stopping.set()
    return Drained(cpu_s, loaded_s - began_s, ended_s - loaded_s, max(0, missing))


async def _leased(settings: Settings, working: "asyncio.Task[None]") -> None:
    """Wait until the worker has the lease of the shard."""
    name, deadline_s = TableNames.of(settings).leases(INDEX.name), time.monotonic() + _WAIT_S_MAX
    async with Aws(settings).dynamodb() as client:
        while not working.done() and time.monotonic() < deadline_s:
            rows = (await client.scan(TableName=name))["Items"]
            if rows and "leaseOwner" in rows[0]:
                return
            await asyncio.sleep(_PAUSE_S)
    raise RuntimeError("the worker has taken no lease")


async def _lay_out(settings: Settings, table: DynamoDBClient) -> None:
    """Tell the free table how the bootstrapped one is laid out."""
    name, key = TableNames.of(settings).transactions, {"id": {"S": LAYOUT_ID}}
    async with Aws(settings).dynamodb() as client:
        layout: Any = (await client.get_item(TableName=name, Key=key))["Item"]
    await table.put_item(TableName=name, Item=layout)


def _counts(free_url: str) -> dict[str, int]:
    """The items that were put into each of the free tables."""
    with urllib.request.urlopen(f"{free_url}/counts", timeout=10) as answer:
        found: dict[str, int] = json.load(answer)
    return found


@contextmanager
def _free_dynamodb() -> Iterator[str]:
    command = [sys.executable, "-m", "bench.drains.free_dynamodb"]
    with servers.started(command, LOAD_CORE, os.environ, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]


@contextmanager
def _load(site: Site, rate: float, count: int) -> "Iterator[subprocess.Popen[bytes]]":
    """The load, ready to begin when it is given a line."""
    command = [sys.executable, "-m", "bench.drains.shard_load", "--rate", str(rate), "--count", str(count)]
    environment = {**os.environ, **site.environment}
    process = subprocess.Popen(
        ["taskset", "-c", str(LOAD_CORE), *command],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != b"ready":
            raise RuntimeError("the load has not begun")
        yield process
    finally:
        process.kill()
        process.communicate()
