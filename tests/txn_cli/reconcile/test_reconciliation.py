"""`txn reconcile` on real servers: what was taken away or doubled is named exactly."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.workers.builders import ACCOUNT, event, id_of, twin
from tests.workers.conftest import StackFixture, world_of
from txn_cli.main import app_of
from txn_core.drains import REGISTRY, DrainDefinition
from txn_core.dynamodb.tables import TableNames
from txn_core.lake.layout import RAW_PREFIX
from txn_core.positions import Position
from txn_core.settings import Settings
from workers.leases.ledger import Sum, Tally
from workers.leases.table import LeaseTable


def in_environment(settings: Settings, environment: pytest.MonkeyPatch) -> None:
    """Have a command find the stores of the settings."""
    names = ("kinesis_endpoint_url", "dynamodb_endpoint_url", "s3_endpoint_url", "stream", "table_prefix", "bucket")
    for name in names:
        environment.setenv(f"TXN_{name.upper()}", str(getattr(settings, name)))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder without a stack: one beside the sources may have a warehouse."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def world(settings: Settings, own_environment: pytest.MonkeyPatch) -> AsyncIterator[StackFixture]:
    """Two shards of sound, repeated, conflicting and poisoned records, drained by both workers."""
    in_environment(settings, own_environment)
    async with world_of(settings, stream_shards=2) as made:
        first = event()
        await made.spread(*(event() for _ in range(6)), first, first, twin(first, amount_minor=1), b"poison")
        await made.send_aggregate(*(event() for _ in range(3)))
        await made.drain("index", "archive")
        yield made


async def reconcile(tmp_path: Path, *options: str) -> tuple[int, str]:
    """Run the command: its exit code, and what it prints."""
    arguments = ["reconcile", "--since", "1h", *options]
    result = await asyncio.to_thread(CliRunner().invoke, app_of("reconcile"), arguments)
    assert isinstance(result.exception, SystemExit | None)
    return result.exit_code, result.stdout


async def faults(tmp_path: Path, *options: str) -> list[dict[str, Any]]:
    """The faults that the command prints."""
    code, out = await reconcile(tmp_path, "--json", *options)
    document = json.loads(out)
    assert (code == 0) == document["all_right"]
    found: list[dict[str, Any]] = document["faults"]
    return found


def named(kind: str, position: Position, id_: str) -> dict[str, Any]:
    """A fault of one position, wherever its minute."""
    return {
        "kind": kind,
        "shard_id": position.shard_id,
        "sequence_number": position.sequence_number,
        "sub_sequence_number": position.sub_sequence_number,
        "transaction_id": id_,
    }


def without_minute(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in fault.items() if name != "minute"} for fault in found]


async def test_views_of_the_same_records_agree(world: StackFixture, tmp_path: Path) -> None:
    """Repeats, conflicts and poison are settled on both sides; nothing is left to be waited for."""
    code, out = await reconcile(tmp_path, "--json", "--deep")
    document = json.loads(out)
    assert (code, document["faults"]) == (0, [])
    compared = document["shards"]
    assert sum(shard["positions"]["index"] for shard in compared) == 13
    assert [shard["unfinished"] for shard in compared] == [[], []]
    assert document["never_ran"] == ["score"]
    assert all("score" not in shard["positions"] for shard in compared)
    code, out = await reconcile(tmp_path)
    assert code == 0
    assert "All compared minutes agree" in out
    assert "`txn worker score` has not run here" in " ".join(out.split())


async def test_what_was_removed_or_doubled_is_named(world: StackFixture, tmp_path: Path) -> None:
    """An item taken from the index, an object taken from the lake, and an object written there twice."""
    table = TableNames(world.settings.table_prefix).transactions
    poor, data = next((p, d) for p, d in world.sent.items() if p.sub_sequence_number == 1)
    await world.dynamodb.delete_item(TableName=table, Key={"id": {"S": f"{ACCOUNT}#{id_of(data)}"}})
    expected = [named("missing_in_index", poor, id_of(data))]
    lake = {row.position: row for row in await world.lake()}
    removed, doubled = [key async for key in world.store.keys(RAW_PREFIX)][:2]
    for key, kind in ((removed, "missing_in_lake"), (doubled, "doubled_in_lake")):
        body = await world.store.read(key)
        if kind == "doubled_in_lake":
            await world.store.put_if_absent(key.replace(".parquet", "-again.parquet"), body, {})
        else:
            await world.store._client.delete_object(Bucket=world.settings.lake_bucket, Key=key)
        left = [row.position for row in await world.lake()]
        changed = [place for place in lake if left.count(place) != 1 and (left.count(place) == 0) == (key == removed)]
        expected += [named(kind, place, id_of(lake[place].data)) for place in changed]
    assert await faults(tmp_path) == [], "both ledgers know them"
    found = without_minute(await faults(tmp_path, "--deep"))
    in_order = sorted(expected, key=json.dumps)
    assert sorted(found, key=json.dumps) == in_order
    assert {fault["kind"] for fault in found} == {"missing_in_index", "missing_in_lake", "doubled_in_lake"}
    code, out = await reconcile(tmp_path, "--deep")
    assert code == 1
    assert "missing in lake" in out


async def test_a_minute_whose_ledgers_differ_is_read_again(world: StackFixture, tmp_path: Path) -> None:
    """Nothing but the ledgers says so: what the index lost is named, and a ledger that is wrong itself is, too."""
    leases, table = world.leases("index"), TableNames(world.settings.table_prefix).transactions
    place, data = next((p, d) for p, d in world.sent.items() if p.sub_sequence_number == 2)
    await world.dynamodb.delete_item(TableName=table, Key={"id": {"S": f"{ACCOUNT}#{id_of(data)}"}})
    for row in await leases.rows():
        assert row.ledger is not None
        minute, noted = row.ledger.open.sums[0]
        fewer = Sum(noted.count - 1, noted.digest)
        ledger = replace(row.ledger, open=Tally.of({**dict(row.ledger.open.sums), minute: fewer}))
        assert await leases.write(row, replace(row.renewed(), ledger=ledger))
    found = without_minute(await faults(tmp_path))
    assert named("missing_in_index", place, id_of(data)) in found
    (other,) = [fault for fault in found if fault["shard_id"] != place.shard_id]
    assert (other["kind"], other["sequence_number"]) == ("unexplained_in_index", None)
    code, out = await reconcile(tmp_path)
    assert code == 1
    assert "Minutes that differ" in out


async def test_a_drain_that_is_registered_is_compared(
    settings: Settings, own_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By its ledgers alone when it registers no evidence; a drain of another stream has nothing to compare here."""
    in_environment(settings, own_environment)
    own_environment.setitem(REGISTRY, "copy", DrainDefinition("copy", "-"))
    async with world_of(settings) as made:
        await made.spread(event(), event())
        await made.drain("index", "archive")
        for row in await made.leases("index").rows():
            assert await LeaseTable(made.dynamodb, TableNames.of(settings).leases("copy")).create(row)
        elsewhere = DrainDefinition("elsewhere", "-", stream_setting="worker_metrics_host")
        own_environment.setitem(REGISTRY, "elsewhere", elsewhere)
        code, out = await reconcile(tmp_path, "--json")
        shown = await reconcile(tmp_path)
    document = json.loads(out)
    positions = [shard["positions"] for shard in document["shards"]]
    assert (code, positions[0], positions[-1]) == (0, {"index": 2, "archive": 2}, {"copy": 2, "archive": 2})
    assert document["by_ledger_alone"] == ["copy"]
    assert shown[0] == 0
    assert "The copy was compared by its ledger alone" in shown[1]
