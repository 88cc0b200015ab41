"""The calls of 24 hours without a load: `make bench-idle-day` (PART= of a day), into `bench/results/idle_day.json`.

Workers that have nothing to do still read their shards, renew and scan their leases and look at the stream. As many
calls go to the local Kinesis and DynamoDB at full speed, and their disk and memory are looked at a hundred times.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from devkit.local_servers import servers_running

from bench.size.aws_calls import Caller
from bench.size.growth import Halves, Look, Server, bound_bytes
from bench.write_path import results
from bench.write_path.results import Result, at_most, compared, counted, tell
from txn_cli.stack.datadir import DataDir, read_json
from txn_cli.stack.stackports import DYNAMODB, KINESIS
from txn_core import drains
from txn_core.settings import Settings
from workers.leases.stream_watch import ASKED_EVERY_S
from workers.reading.budget import READS_PER_S_MAX

RESULTS: Final = Path(__file__).parents[1] / "results" / "idle_day.json"
DAY_S: Final = 86_400
STEPS: Final = 100
STREAM, TABLE = "idle", "idle-leases"


@dataclass(frozen=True, slots=True)
class Calls:
    """How many of each."""

    reads: int
    lease_writes: int
    lease_scans: int
    shard_lists: int
    summaries: int

    @classmethod
    def of_a_day(cls, settings: Settings) -> Self:
        """What one worker of each kind does in a day, reading as often as all readers of a shard may together."""
        kinds, shards = len(drains.names()), settings.stream_shards
        rounds = round(DAY_S / settings.lease_renew_s)
        return cls(
            reads=round(DAY_S * READS_PER_S_MAX) * shards,
            lease_writes=rounds * shards * kinds,
            lease_scans=rounds * kinds,
            shard_lists=round(DAY_S / settings.shard_sync_s) * kinds,
            summaries=round(DAY_S / ASKED_EVERY_S) * kinds,
        )

    def part(self, share: float) -> "Calls":
        """A share of them, each kind once at least."""
        return Calls(*(max(1, round(getattr(self, name) * share)) for name in self.__dataclass_fields__))

    @property
    def total(self) -> int:
        """All of them."""
        return sum(getattr(self, name) for name in self.__dataclass_fields__)


class IdleDay:
    """The calls, on a stream and a table of their own."""

    def __init__(self, kinesis: Caller, dynamodb: Caller, *, shards: int) -> None:
        self._kinesis, self._dynamodb = kinesis, dynamodb
        self._leases = [f"shardId-{number:012}" for number in range(shards)]
        self._iterators: list[str] = []
        self._counters = [0] * shards

    async def prepare(self) -> None:
        """Make stream and table, and stand at the tip of each shard."""
        await self._kinesis.call("CreateStream", StreamName=STREAM, ShardCount=len(self._leases))
        await self._dynamodb.call(
            "CreateTable",
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}],
        )
        await self._kinesis.until("DescribeStreamSummary", '"ACTIVE"', StreamName=STREAM)
        await self._dynamodb.until("DescribeTable", '"ACTIVE"', TableName=TABLE)
        for shard in self._leases:
            place = {"StreamName": STREAM, "ShardId": shard, "ShardIteratorType": "LATEST"}
            self._iterators.append((await self._kinesis.call("GetShardIterator", **place))["ShardIterator"])
            await self._dynamodb.call("PutItem", TableName=TABLE, Item=_lease(shard))

    async def run(self, calls: Calls, servers: Sequence[Server]) -> dict[str, Halves]:
        """Make the calls in steps, and look at the servers after each."""
        looks: dict[str, list[Look]] = {server.name: [] for server in servers}
        step = calls.part(1 / STEPS)
        for number in range(1, STEPS + 1):
            async with asyncio.TaskGroup() as side_by_side:
                side_by_side.create_task(self._reads(step))
                side_by_side.create_task(self._renewals(step))
            for server in servers:
                looks[server.name].append(server.look())
            if number % (STEPS // 10) == 0:
                tell(f"{number / STEPS:4.0%}: " + "; ".join(f"{name} {seen[-1]}" for name, seen in looks.items()))
        return {name: Halves.of(seen) for name, seen in looks.items()}

    async def _reads(self, step: Calls) -> None:
        async def of_shard(shard: int) -> None:
            for _ in range(step.reads // len(self._leases)):
                answer = await self._kinesis.call("GetRecords", ShardIterator=self._iterators[shard], Limit=50)
                self._iterators[shard] = answer["NextShardIterator"]

        async with asyncio.TaskGroup() as side_by_side:
            for shard in range(len(self._leases)):
                side_by_side.create_task(of_shard(shard))
        for _ in range(step.shard_lists):
            await self._kinesis.call("ListShards", StreamName=STREAM)
        for _ in range(step.summaries):
            await self._kinesis.call("DescribeStreamSummary", StreamName=STREAM)

    async def _renewals(self, step: Calls) -> None:
        for number in range(step.lease_writes):
            shard = number % len(self._leases)
            await self._dynamodb.call("UpdateItem", **_renewal(self._leases[shard], self._counters[shard]))
            self._counters[shard] += 1
        for _ in range(step.lease_scans):
            await self._dynamodb.call("Scan", TableName=TABLE, ConsistentRead=True)


async def measure(part: float) -> list[Result]:
    """A part of a day on local servers of their own."""
    settings = Settings()
    calls = Calls.of_a_day(settings).part(part)
    tell(f"{calls.total:,} calls: {calls}")
    with tempfile.TemporaryDirectory() as folder:
        data_dir = DataDir.at(Path(folder))
        async with servers_running(data_dir) as endpoints:
            servers = [_server(data_dir, name) for name in (KINESIS, DYNAMODB)]
            async with (
                Caller.of(KINESIS, endpoints.kinesis_url) as kinesis,
                Caller.of(DYNAMODB, endpoints.dynamodb_url) as dynamodb,
            ):
                day = IdleDay(kinesis, dynamodb, shards=settings.stream_shards)
                await day.prepare()
                halves = await day.run(calls, servers)
    return [counted("calls", calls.total, calls.total, None), *_results(halves)]


def main() -> None:
    """Measure, print the table, write the file. Ends with 1 when disk or memory grew."""
    parser = argparse.ArgumentParser(prog="python -m bench.size.idle_day", description=__doc__)
    parser.add_argument("--part", type=float, default=1.0, help="of the day")
    found = asyncio.run(measure(parser.parse_args().part))
    print(results.table(found))
    results.write(found, RESULTS)
    sys.exit(0 if all(result.ok for result in found) else 1)


def _results(halves: dict[str, Halves]) -> list[Result]:
    found = []
    for name, seen in halves.items():
        for what in ("disk", "memory"):
            before, after = (getattr(look, f"{what}_bytes") for look in (seen.first, seen.second))
            measure_of = f"{what} of {name}, MB, second half against what the first allows"
            ours, bound = [after / 1e6], [bound_bytes(before) / 1e6]
            found.append(compared(measure_of, ours, bound, at_most(1), by="memory"))
    return found


def _server(data_dir: DataDir, name: str) -> Server:
    entry: Any = (read_json(data_dir.children) or {})[name]
    return Server(name, data_dir.data(name), entry["pid"])


def _lease(shard: str) -> dict[str, Any]:
    """A row as large as those of a worker that has noted what it made durable."""
    return {
        "leaseKey": {"S": shard},
        "leaseOwner": {"S": "idle"},
        "leaseCounter": {"N": "0"},
        "checkpoint": {"S": "4" * 56},
        "checkpointSubSequenceNumber": {"N": "0"},
        "ledger": {"M": {f"minute{number}": {"S": "x" * 60} for number in range(6)}},
    }


def _renewal(shard: str, counter: int) -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "Key": {"leaseKey": {"S": shard}},
        "UpdateExpression": "SET #leaseCounter = :leaseCounter",
        "ConditionExpression": "attribute_exists(leaseKey) AND #leaseCounter = :seen AND #leaseOwner = :owner",
        "ExpressionAttributeNames": {"#leaseCounter": "leaseCounter", "#leaseOwner": "leaseOwner"},
        "ExpressionAttributeValues": {
            ":leaseCounter": {"N": str(counter + 1)},
            ":seen": {"N": str(counter)},
            ":owner": {"S": "idle"},
        },
    }


if __name__ == "__main__":
    main()
