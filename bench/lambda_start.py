"""Measures the index as a function of Lambda: start, memory, and what an event costs once it is warm.

The function runs behind Lambda's runtime client and a Runtime API of ours, on the servers of the local stack. So the
figures are of our code on this machine; those of AWS depend on the memory that the function is given.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from devkit.lambda_runtime import RuntimeApi
from devkit.local_servers import servers_running
from devkit.site import Site
from devkit.user_records import UserRecord
from tests.workers.builders import event, shard
from tests.workers.lambdas.event_source import Item, item_of

from bench.process_stats import cpu_s, resident_bytes, resident_peak_bytes
from txn_cli.stack.datadir import DataDir
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.kinesis.aggregation import aggregate
from txn_core.settings import Settings

HANDLER: Final = "workers.lambdas.index_function.handler"
ENOUGH_S: Final = 300.0
EVENTS_A_RECORD: Final = 100
WARM: Final = 20


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.lambda_start", description=__doc__)
    parser.add_argument("--events", type=int, default=3_000, help="events of the large invocation")
    arguments = parser.parse_args()
    for name, figure in asyncio.run(_measure(arguments.events)).items():
        print(f"| {name} | {figure} |")


async def _measure(events: int) -> Mapping[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        async with servers_running(DataDir.at(Path(folder) / "data")) as endpoints:
            with Site.on(endpoints, TXN_STREAM_SHARDS="1") as site:
                await bootstrap(site.settings)
                items = await _put(site.settings, events)
                async with RuntimeApi().served() as api:
                    return await _invoked(api, os.environ | site.environment, items, events)


async def _put(settings: Settings, events: int) -> list[Item]:
    """Small records for single invocations, then aggregates for a large one."""
    bodies = [[event()] for _ in range(1 + WARM)]
    bodies += [[event() for _ in range(EVENTS_A_RECORD)] for _ in range(events // EVENTS_A_RECORD)]
    records = [aggregate([UserRecord("card", data) for data in each], "0") for each in bodies]
    stream, found = settings.stream, list[Item]()
    async with Aws(settings).kinesis() as kinesis:
        for data in records:
            await kinesis.put_record(StreamName=stream, Data=data, PartitionKey="card")
        iterator = (
            await kinesis.get_shard_iterator(StreamName=stream, ShardId=shard(0), ShardIteratorType="TRIM_HORIZON")
        )["ShardIterator"]
        while len(found) < len(records):
            answer = await kinesis.get_records(ShardIterator=iterator)
            found += [item_of(stream, shard(0), record) for record in answer["Records"]]
            iterator = answer["NextShardIterator"]
    return found


async def _invoked(api: RuntimeApi, variables: Mapping[str, str], items: list[Item], events: int) -> dict[str, str]:
    began_s = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "awslambdaric", HANDLER),
        env={**variables, "AWS_LAMBDA_RUNTIME_API": api.address},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )

    async def timed(some: list[Item]) -> float:
        start_s = time.perf_counter()
        assert await api.invoke({"Records": some}, ENOUGH_S) == {"batchItemFailures": []}
        return time.perf_counter() - start_s

    try:
        await asyncio.wait_for(api.asked.wait(), ENOUGH_S)
        init_s, init_cpu_s = time.perf_counter() - began_s, cpu_s(process.pid)
        first_s, first_cpu_s = await timed(items[:1]), cpu_s(process.pid) - init_cpu_s
        warm_s = [await timed([item]) for item in items[1 : 1 + WARM]]
        idle_bytes, before_cpu_s = resident_bytes(process.pid), cpu_s(process.pid)
        large_s = await timed(items[1 + WARM :])
        large_cpu_s, peak_bytes = cpu_s(process.pid) - before_cpu_s, resident_peak_bytes(process.pid)
    finally:
        process.kill()
        await process.wait()
    return {
        "from the start of the process to ready for an event, s": f"{init_s:.2f} ({init_cpu_s:.2f} of CPU)",
        "first invocation with one event, s": f"{first_s:.2f} ({first_cpu_s:.2f} of CPU)",
        "further invocation with one event, median, ms": f"{statistics.median(warm_s) * 1000:.0f}",
        f"invocation with {events:,} events, events/s": f"{events / large_s:.0f}",
        "events a second of CPU": f"{events / large_cpu_s:.0f}",
        "memory when idle, MB": f"{idle_bytes / 1e6:.0f}",
        "memory at the most, MB": f"{peak_bytes / 1e6:.0f}",
    }


if __name__ == "__main__":
    main()
