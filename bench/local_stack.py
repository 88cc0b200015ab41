"""The main job from end to end on one machine: `python -m bench.local_stack [--rows N]`.

Starts the stack as its users do, loads simulated rows in bulk and singly, and measures how long a transaction takes
from its 202 until it is found by GET and until it stands in the lake. Everything is bounded in count and time.
"""

import argparse
import asyncio
import io
import platform
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import aioboto3
import httpx
import pyarrow.parquet as pq
from devkit.running_stack import RunningStack, percentiles, running_stack

from bench import profiles
from txn_api.schemas import example_transaction
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows

PROBES: Final = 200
PROBE_PAUSE_S: Final = 0.05
POLL_S: Final = 0.005
VISIBLE_S_MAX: Final = 30.0
PROFILE_S: Final = 12


def main() -> None:
    """Run everything once and print it as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=40_000, help="rows loaded in bulk; a tenth is loaded singly")
    parser.add_argument(
        "--profile", action="store_true", help="sample the processes with py-spy during the bulk load"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        rows = work / "rows.csv"
        with rows.open("w", newline="") as file:
            write_rows(simulate_rows(rows=arguments.rows, cards=1_000, seed=7), file)
        print(f"Python {platform.python_version()}, {arguments.rows:,} rows\n")
        print("| Measure | Value |\n|---|---|")
        with running_stack(work / "data") as stack:
            say("`txn up`, new data directory", f"{stack.start_s:.1f} s")
            _probe(stack)
            _load(stack, rows, arguments)
        with running_stack(work / "data") as stack:
            say("`txn up`, second time on the same data", f"{stack.start_s:.1f} s")
        if arguments.profile:
            _print_profiles(work)


def say(measure: str, value: str) -> None:
    """Print one row of the table."""
    print(f"| {measure} | {value} |", flush=True)


def _load(stack: RunningStack, rows: Path, arguments: argparse.Namespace) -> None:
    samplers = []
    if arguments.profile:
        for name in ("api", "index", "archive"):
            pid = stack.ready["pids"][name]
            samplers.append(profiles.start(pid, PROFILE_S, rows.with_name(f"{name}.samples")))
    started = time.perf_counter()
    bulk = stack.txn("load", str(rows))
    say("`txn load`, bulk", f"{bulk['accepted'] / bulk['seconds']:,.0f} rows/s")
    stack.wait_caught_up()
    say(
        "the same until index and lake hold every row",
        f"{bulk['accepted'] / (time.perf_counter() - started):,.0f} rows/s",
    )
    for sampler in samplers:
        sampler.wait(PROFILE_S * 5)
    single = stack.txn("load", str(rows), "--single", "--limit", str(arguments.rows // 10))
    say("`txn load --single`", f"{single['accepted'] / single['seconds']:,.0f} rows/s")


def _probe(stack: RunningStack) -> None:
    seen, ids = asyncio.run(_visible(stack))
    p50, p99 = percentiles(seen)
    say("202 to found by GET, p50 / p99", f"{p50 * 1000:.0f} ms / {p99 * 1000:.0f} ms")
    stack.wait_caught_up()
    p50, p99 = percentiles(asyncio.run(_archived(stack, ids)))
    say("202 to readable in the lake, p50 / p99", f"{p50:.0f} s / {p99:.0f} s")


async def _visible(stack: RunningStack) -> tuple[list[float], set[str]]:
    """Post one after the other and ask for each until it is found: seconds for each, and the ids."""
    seconds: list[float] = []
    ids: set[str] = set()
    async with httpx.AsyncClient(base_url=stack.ready["api_url"], headers=stack.headers, timeout=30) as client:
        for number in range(PROBES):
            transaction_id = f"probe-{time.time_ns()}-{number}"
            answer = await client.post(
                "/transactions", json=example_transaction() | {"transaction_id": transaction_id}
            )
            answer.raise_for_status()
            accepted = time.perf_counter()
            while (await client.get(f"/transactions/{transaction_id}")).status_code != 200:
                if time.perf_counter() - accepted > VISIBLE_S_MAX:
                    raise RuntimeError("a transaction did not become visible")
                await asyncio.sleep(POLL_S)
            seconds.append(time.perf_counter() - accepted)
            ids.add(transaction_id)
            await asyncio.sleep(PROBE_PAUSE_S)
    return seconds, ids


async def _archived(stack: RunningStack, ids: set[str]) -> list[float]:
    """Seconds from accepted_at until the object that holds the row was written (S3 says whole seconds)."""
    seconds: list[float] = []
    ready = stack.ready
    session = aioboto3.Session(ready["access_key"], ready["secret_key"], region_name="us-east-1")
    async with session.client("s3", endpoint_url=ready["s3_url"]) as s3:
        async for page in s3.get_paginator("list_objects_v2").paginate(Bucket=ready["bucket"], Prefix="raw/"):
            for entry in page.get("Contents", ()):
                body = await (await s3.get_object(Bucket=ready["bucket"], Key=entry["Key"]))["Body"].read()
                seconds += _waits(body, entry["LastModified"], ids)
    return seconds


def _waits(parquet: bytes, written_at: datetime, ids: set[str]) -> list[float]:
    table = pq.read_table(io.BytesIO(parquet), columns=["transaction_id", "accepted_at"])
    rows: list[dict[str, Any]] = table.to_pylist()
    return [
        max(0.0, (written_at - row["accepted_at"]).total_seconds()) for row in rows if row["transaction_id"] in ids
    ]


def _print_profiles(work: Path) -> None:
    for name in ("api", "index", "archive"):
        print(f"\nBusy time of `{name}` during the bulk load:\n\n| Area | Share |\n|---|---|")
        for area, share in profiles.areas(work / f"{name}.samples"):
            if share >= 0.01:
                say(area, f"{share:.0%}")


if __name__ == "__main__":
    main()
