"""POST /control, and the server as a process of its own."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from devkit.kinesis_server import KinesisServer, Latency, digest_of
from tests.devkit.kinesis_server.builders import SHARDS, STREAM, error_of, put
from txn_core.aws.clients import Aws
from txn_core.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

ROOT = Path(__file__).parents[4]


async def _control(url: str, expected: int = 200, **orders: Any) -> Any:
    async with httpx.AsyncClient(timeout=60) as http:
        answer = await http.post(f"{url}/control", json=orders)
    assert answer.status_code == expected, answer.text
    return answer.json()


async def test_the_counts_are_reported(client: "KinesisClient", server: KinesisServer) -> None:
    """Records, bytes, billed units, requests, errors: by stream, shard, operation and code."""
    await put(client, b"x" * 30_000, b"y", keys=["k1", "k2"])
    await error_of(client.describe_stream_summary(StreamName="none"))
    report = await _control(server.url)
    stored = report["streams"][STREAM]["stored"]
    assert (stored["records"], stored["bytes"], stored["put_units"]) == (2, 30_005, 3)
    assert report["streams"][STREAM]["acknowledged"] == stored
    assert sum(shard["records"] for shard in report["streams"][STREAM]["shards"].values()) == 2
    assert report["requests"] == {"PutRecords": 1, "DescribeStreamSummary": 1}
    assert report["errors"] == {"ResourceNotFoundException": 1}
    assert report["cpu_s"] > 0


async def test_everything_can_be_ordered(server: KinesisServer) -> None:
    """Latency, limits, throttles, spread, fates by name and written out; and all of it taken back."""
    await _control(
        server.url,
        latency={"fixed_ms": 10, "jitter_ms": 2},
        latencies={"GetRecords": {"fixed_ms": 1}},
        stream_limits={"enabled": True, "scale": 2},
        throttle={SHARDS[0]: {"writes": 0.0}, SHARDS[1]: {"reads": 0.5}},
        release=[SHARDS[1]],
        ignore_keys=True,
        calls=[{"fate": "reset unread", "operation": "PutRecord", "rate": 0.5, "times": 1, "skip": 9}],
        records=[{"fate": {"name": "mine", "error": "KMSDisabledException"}, "shard_id": SHARDS[1]}],
    )
    assert server.faults.latency == Latency(0.010, 0.002)
    assert server.faults.latencies == {"GetRecords": Latency(0.001)}
    assert [server.stream_limits.write_scale(shard_id) for shard_id in SHARDS[:2]] == [0.0, 2.0]
    assert server.stream_limits.read_scale(SHARDS[1]) == 2.0
    assert server.faults.ignore_keys
    assert server.faults.touches_records
    await _control(server.url, clear=True)
    assert server.faults.latency == Latency()
    assert server.stream_limits.write_scale(SHARDS[0]) is None
    assert not server.faults.touches_records


async def test_ordered_fates_are_met(client: "KinesisClient", server: KinesisServer) -> None:
    """As if they had been set in the process, and counted by their names."""
    await _control(
        server.url,
        calls=[{"fate": {"name": "mine", "error": "Odd", "stores": True}, "operation": "PutRecords", "times": 1}],
        records=[{"fate": "record throttled", "partition_key": "hot"}],
    )
    assert await error_of(put(client, b"a", keys=["cold"])) == "Odd"
    assert (await put(client, b"a", b"b", keys=["hot", "cold"]))["FailedRecordCount"] == 1
    report = await _control(server.url)
    assert report["fates"] == {"mine": 1, "record throttled": 1}
    assert report["streams"][STREAM]["stored"]["records"] == 2
    assert report["streams"][STREAM]["acknowledged"]["records"] == 1


async def test_a_reshard_can_be_ordered_for_now_or_later(client: "KinesisClient", server: KinesisServer) -> None:
    """At once, after a time, after so many further records."""
    stream = server.stream(STREAM)
    await _control(server.url, reshard=[{"stream": STREAM, "shard_id": SHARDS[0], "new_start": 1 << 90}])
    assert stream.shard(SHARDS[5]).hash_range.start == 1 << 90
    await _control(
        server.url,
        reshard=[
            {"stream": STREAM, "shard_id": SHARDS[1], "adjacent_id": SHARDS[2], "after_records": 2},
            {"stream": STREAM, "shard_id": SHARDS[3], "after_s": 0.001},
        ],
    )
    assert stream.shard(SHARDS[1]).closed_ms is None
    await put(client, b"a")
    assert stream.shard(SHARDS[1]).closed_ms is None
    await put(client, b"b")
    assert stream.shard(SHARDS[1]).closed_ms is not None
    while stream.shard(SHARDS[3]).closed_ms is None:
        await client.list_shards(StreamName=STREAM)


async def test_iterators_can_be_expired(client: "KinesisClient", server: KinesisServer) -> None:
    """All that were given out so far."""
    answer = await client.get_shard_iterator(StreamName=STREAM, ShardId=SHARDS[0], ShardIteratorType="LATEST")
    await _control(server.url, expire_iterators=True)
    assert await error_of(client.get_records(ShardIterator=answer["ShardIterator"])) == "ExpiredIteratorException"


@pytest.mark.parametrize(
    "orders",
    [
        {"calls": [{"fate": "no such fate"}], "ignore_keys": True},
        {"latency": {"fixed_ms": -1}, "ignore_keys": True},
        {"unheard_of": 1, "ignore_keys": True},
    ],
)
async def test_orders_that_do_not_fit_change_nothing(server: KinesisServer, orders: dict[str, Any]) -> None:
    """Not even the part that would."""
    assert (await _control(server.url, 400, **orders))["message"]
    assert not server.faults.ignore_keys


async def test_a_reshard_that_cannot_be_is_refused(server: KinesisServer) -> None:
    """The answer says why."""
    answer = await _control(server.url, 400, reshard=[{"stream": STREAM, "shard_id": SHARDS[7]}])
    assert "Could not find shard" in answer["message"]


@asynccontextmanager
async def _process(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "devkit.kinesis_server", *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_the_server_runs_as_a_process(own_environment: pytest.MonkeyPatch) -> None:
    """It says where it listens, does as its arguments say, counts what it does not keep, and ends when told."""
    own_environment.setenv("AWS_ACCESS_KEY_ID", "x")
    own_environment.setenv("AWS_SECRET_ACCESS_KEY", "x")
    arguments = f"--stream {STREAM} --shards 2 --latency-ms 1 --limits real --throttle {SHARDS[1]}=0".split()
    async with _process(*arguments, "--keep-records", "0", "--digests") as (process, ready):
        assert ready["pid"] == process.pid
        settings = Settings(kinesis_endpoint_url=ready["url"], stream=STREAM)
        async with Aws(settings).kinesis() as client:
            low, high = "0", str(1 << 127)
            answer = await client.put_records(
                StreamName=STREAM,
                Records=[
                    {"Data": b"a", "PartitionKey": "k", "ExplicitHashKey": low},
                    {"Data": b"b", "PartitionKey": "k", "ExplicitHashKey": high},
                ],
            )
        assert [result.get("ErrorCode") for result in answer["Records"]] == [
            None,
            "ProvisionedThroughputExceededException",
        ]
        report = (await _control(ready["url"]))["streams"][STREAM]
        assert report["stored"] == report["acknowledged"]
        assert int(report["stored"]["digest"], 16) == digest_of("k", b"a")


async def test_a_reset_is_a_reset_on_uvloop_too(own_environment: pytest.MonkeyPatch) -> None:
    """The process runs on another event loop than the tests do."""
    async with _process() as (_, ready):
        await _control(ready["url"], calls=[{"fate": "reset after storing"}])
        async with httpx.AsyncClient(timeout=60) as http:
            with pytest.raises(httpx.ReadError):
                await http.post(ready["url"], headers={"X-Amz-Target": "Kinesis_20131202.ListShards"}, content="{}")
