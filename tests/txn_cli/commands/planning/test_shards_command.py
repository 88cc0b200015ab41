"""`txn shards plan` as it is typed, on real stores."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from devkit.kinesis_server import kinesis_server
from tests.txn_cli.reconcile.test_reconciliation import in_environment
from tests.workers.builders import event, shard
from tests.workers.conftest import StackFixture, world_of
from txn_cli.main import app_of
from txn_core.settings import Settings
from workers.leases.ledger import Sum, Tally

EVENTS = 6


@pytest.fixture
async def world(settings: Settings, own_environment: pytest.MonkeyPatch) -> AsyncIterator[StackFixture]:
    """A stream of one shard whose records the archive has drained."""
    async with kinesis_server() as server, world_of(settings, kinesis_endpoint_url=server.url) as made:
        in_environment(made.settings, own_environment)
        await made.send(*(event() for _ in range(EVENTS)))
        await made.drain("archive")
        yield made


async def plan(*options: str) -> Result:
    """Run the command."""
    return await asyncio.to_thread(CliRunner().invoke, app_of("shards"), ["shards", "plan", *options])


async def document(*options: str) -> Any:
    """What it prints for a machine."""
    return json.loads((await plan("--json", *options)).stdout)


async def busy(world: StackFixture, count: int) -> None:
    """Let the ledger say that so many transactions arrived in its minute."""
    (row,) = await world.leases("archive").rows()
    assert row.ledger is not None
    minute = row.ledger.open.newest
    assert minute is not None
    ledger = replace(row.ledger, open=Tally.of({minute: Sum(count, 0)}))
    assert await world.leases("archive").write(row, replace(row.renewed(), ledger=ledger))


async def test_what_the_archive_counted_is_told_and_nothing_is_changed(world: StackFixture) -> None:
    before = await world.leases("archive").rows()
    told = await document()
    assert (told["open_shards"], told["busiest_shard"]["shard_id"]) == (1, shard(0))
    assert 0 < told["peak_per_s"] <= EVENTS / 60
    assert (told["action"], told["target"], told["needed"], told["command"]) == ("none", 1, 1, None)
    result = await plan()
    assert result.exit_code == 0
    assert "nothing to do: the busiest minute needs 1 shard" in result.stdout
    assert await world.leases("archive").rows() == before


async def test_a_load_is_told_to_people_with_the_command_that_doubles(world: StackFixture) -> None:
    await busy(world, 600_000)
    result = await plan()
    assert result.exit_code == 1
    assert "10,000.0 transactions/s" in result.stdout
    assert "double to 2 (15 are needed: more than one change)" in result.stdout
    assert f"aws kinesis update-shard-count --stream-name {world.settings.stream}" in result.stdout
    assert "--target-shard-count 2" in result.stdout


async def test_after_a_change_it_is_waited(world: StackFixture) -> None:
    await busy(world, 600_000)
    await world.split(shard(0))
    await world.send(*(event() for _ in range(EVENTS)))
    await world.drain("archive")
    told = await document("--since", "2h")
    assert (told["open_shards"], told["action"], len(told["reshards"])) == (2, "wait", 1)
    assert told["command"] is None
    result = await plan()
    assert result.exit_code == 1
    assert "wait to double" in result.stdout


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--since", "soon"), "RFC 3339"),
        (("--since", "2999-01-01T00:00:00Z"), "--since"),
        (("--cool-off", "0"), "--cool-off"),
        (("--event", "1"), "--event"),
        (("--item", "1250"), "--item"),
    ],
)
async def test_what_is_wrong_is_refused(options: tuple[str, ...], named: str) -> None:
    result = await plan(*options)
    assert result.exit_code == 2
    assert named in result.stderr
