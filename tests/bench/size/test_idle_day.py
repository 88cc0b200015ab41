"""Seven minutes without a load leave the local servers as they were, and growth would be seen."""

from pathlib import Path

import pytest
from bench.size.aws_calls import Caller
from bench.size.growth import Halves, Look, Server
from bench.size.idle_day import STEPS, Calls, IdleDay

from tests.txn_cli.stack.node_servers import COUNTING, NodeServer, launched, open_iterators
from txn_core.settings import Settings

MB = 1_000_000


def test_a_day_has_the_calls_that_workers_make() -> None:
    day = Calls.of_a_day(Settings(stream_shards=2, lease_renew_s=2, shard_sync_s=10))
    assert day == Calls(reads=864_000, lease_writes=259_200, lease_scans=129_600, shard_lists=25_920, summaries=4_320)
    assert day.part(0.01).reads == 8_640


@pytest.mark.usefixtures("local_servers")
async def test_seven_minutes_leave_disk_and_memory_as_they_were(tmp_path: Path) -> None:
    with (
        launched("kinesis", tmp_path / "kinesis", *COUNTING) as kinesis,
        launched("dynamodb", tmp_path / "dynamodb", *COUNTING) as dynamodb,
    ):
        async with Caller.of("kinesis", url(kinesis)) as one, Caller.of("dynamodb", url(dynamodb)) as other:
            day = IdleDay(one, other, shards=2)
            await day.prepare()
            servers = [Server(each.kind, each.folder, each.pid) for each in (kinesis, dynamodb)]
            halves = await day.run(Calls.of_a_day(Settings()).part(0.005), servers)
        assert [open_iterators(server) for server in (kinesis, dynamodb)] == [0, 0]
    for seen in halves.values():
        assert seen.flat, halves
        assert seen.second.disk_bytes < 10 * MB


def url(server: NodeServer) -> str:
    return str(server.client.base_url)


def test_growth_is_seen() -> None:
    growing = [Look(10 * MB, 100 * MB + number * MB) for number in range(STEPS)]
    assert not Halves.of(growing).flat
    assert not Halves.of([Look(look.memory_bytes, 10 * MB) for look in growing]).flat
    assert Halves.of([Look(10 * MB, 100 * MB)] * STEPS).flat
