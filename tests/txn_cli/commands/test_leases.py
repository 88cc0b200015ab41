"""`txn leases reset` as it is typed, on real stores, after a stream was made again."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from devkit.kinesis_server import kinesis_server
from tests.builders import base64_key
from tests.txn_cli.reconcile.test_reconciliation import reconcile
from tests.workers.builders import event, id_of, later, shard
from tests.workers.conftest import StackFixture, until, world_of
from tests.workers.hosts.test_process import Recorder
from tests.workers.rebuild.test_rebuild import of_generation
from txn_cli.main import app_of
from txn_cli.status.observer import Observer
from txn_core.exceptions import StoreError
from txn_core.lake.columns import table_of
from txn_core.lake.layout import RAW_PREFIX
from txn_core.lake.parquet import parquet_of
from txn_core.settings import Settings
from txn_core.transactions.event import Event
from workers.leases.lease import Checkpoint, FlushPlan, Lease
from workers.leases.shards import Shard, list_shards
from workers.leases.stream_watch import StreamWatch
from workers.planned.planned_object import object_key, plan_of
from workers.rebuild.rebuild import LAKE, begin

KINDS: tuple[str, ...] = ("index", "archive")


@dataclass(frozen=True)
class Result:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str
    error: BaseException | None


def txn(*arguments: object, typed: str | None = None) -> Result:
    result = CliRunner().invoke(app_of("leases"), ["leases", *map(str, arguments)], input=typed)
    return Result(result.exit_code, result.stdout, result.stderr, result.exception)


async def command(*arguments: object, typed: str | None = None) -> Result:
    return await asyncio.to_thread(txn, *arguments, typed=typed)


@pytest.fixture
async def world(settings: Settings, own_environment: pytest.MonkeyPatch) -> AsyncIterator[StackFixture]:
    """A world that commands find by their environment, its stream on our own server, its leases very quick."""
    quick = {"lease_failover_s": 0.6, "lease_renew_s": 0.15, "shard_sync_s": 0.2}
    async with kinesis_server() as server, world_of(settings, kinesis_endpoint_url=server.url, **quick) as made:
        names = (
            "kinesis_endpoint_url",
            "dynamodb_endpoint_url",
            "s3_endpoint_url",
            "stream",
            "table_prefix",
            "bucket",
        )
        for name in (*names, "lease_failover_s", "lease_renew_s"):
            own_environment.setenv(f"TXN_{name.upper()}", str(getattr(made.settings, name)))
        own_environment.setenv("TXN_DEAD_LETTER_KEY", base64_key(4))
        yield made


async def rows_of(world: StackFixture) -> list[Lease]:
    return [row for kind in KINDS for row in await world.leases(kind).rows()]


async def assert_indexed(world: StackFixture, *events: bytes) -> None:
    for data in events:
        stored = await world.transactions.get(Event.decode(data).account, id_of(data))
        assert stored is not None
        assert stored.event.encode() == data


async def test_after_a_reset_the_new_stream_is_read_from_its_beginning(world: StackFixture, tmp_path: Any) -> None:
    """With workers that wait all the while: one command, and index and lake hold both streams, each row once."""
    old = [event() for _ in range(3)]
    await world.send(*old, hash_key=0)
    await world.split(shard(0))
    await world.drain(*KINDS)
    before = {row.position: row.data for row in await world.lake()}
    await world.remake()
    new = [event() for _ in range(4)]
    await world.send(*new)
    await world.send_aggregate(*new[:2])
    async with world.working(*KINDS):
        await until(lambda: _all_say_why(world))
        done = await command("reset", "both", "--yes")
        assert done.code == 0
        assert "was made again" in done.out
        assert "index: 3 leases given up" in done.out
        await until(lambda: _drained(world))
        refused = await command("reset", "both", "--yes")
        assert "a worker is alive" in str(refused.error)
    rows = await rows_of(world)
    assert {row.position: row.data for row in await world.lake()} == before | world.sent
    assert len(await world.lake()) == len(before) + len(world.sent)
    await assert_indexed(world, *old, *new)
    assert len({row.stream for row in rows}) == 1
    assert (await reconcile(tmp_path, "--deep"))[0] == 0
    again = await command("reset", "both", "--yes")
    assert (again.code, again.out.count("nothing to reset")) == (0, 2)
    assert await rows_of(world) == rows, "leases of the stream as it is are never touched"


async def _all_say_why(world: StackFixture) -> bool:
    return all(
        worker.amiss for worker in (await Observer(world.kinesis, world.dynamodb, world.settings).look()).workers
    )


async def _drained(world: StackFixture) -> bool:
    return (await Observer(world.kinesis, world.dynamodb, world.settings).look()).drained


async def test_nothing_is_given_up_unconfirmed(world: StackFixture) -> None:
    await world.send(event())
    await world.drain("index")
    await world.remake()
    before = await rows_of(world)
    for typed in ("n\n", ""):
        refused = await command("reset", "index", typed=typed)
        assert isinstance(refused.error, StoreError)
        assert "nothing was given up" in str(refused.error)
    assert await rows_of(world) == before
    assert (await command("reset", "index", typed="y\n")).code == 0
    assert await rows_of(world) == []


class Careless(StreamWatch):
    """The watch of an older version, for which every lease was its stream's."""

    async def shards(self, rows: Collection[Lease]) -> list[Shard]:
        return await list_shards(self._client, self._stream)


async def test_a_reset_is_refused_while_a_worker_is_alive(world: StackFixture) -> None:
    """One of an older version, say, which does not wait: its renewals are seen though the stream is another."""
    await world.send(event())
    await world.drain("index")
    table = world.leases("index")
    (row,) = await table.rows()
    present = row.stream
    assert present is not None
    earlier = replace(present, created_at=later(-3600))
    assert await table.write(row, replace(row.renewed(), stream=earlier))
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Recorder().work("older", world, stopping, Careless))
        await until(lambda: _is_owned(world))
        refused = await command("reset", "index", "--yes")
        assert isinstance(refused.error, StoreError)
        assert "a worker is alive: 1 index leases were written just now by older" in str(refused.error)
        assert len(await rows_of(world)) == 1
        stopping.set()
    done = await command("reset", "index", "--yes", "--json")
    (said,) = json.loads(done.out)["reset"]
    assert (done.code, said["kind"], said["leases"]) == (0, "index", 1)
    (foreign,) = said["foreign"]
    assert foreign["stream"]["created_at"] < said["stream"]["created_at"]
    assert foreign["kept_at"] == foreign["checkpoint"], "it was this very stream all the time"
    assert [row.stream for row in await rows_of(world)] == [present]


async def _is_owned(world: StackFixture) -> bool:
    return any(row.owner is not None for row in await world.leases("index").rows())


async def planned(world: StackFixture) -> FlushPlan:
    """A plan on the archive's lease, as a writer leaves it that ends before its object is put."""
    await world.send(event(), event())
    await world.drain("archive")
    (row,) = await world.leases("archive").rows()
    plan = plan_of(await world.lake())
    assert await world.leases("archive").write(row, row.planned(plan))
    return plan


async def test_a_plan_is_not_given_up_silently_unless_its_object_is_there(world: StackFixture) -> None:
    plan = await planned(world)
    key, lake = object_key(plan), await world.lake()
    body, metadata = await world.store.read(key), await world.store.metadata(key)
    await world.remake()
    there = await command("reset", "archive", typed="n\n")
    assert ("given up" in there.out, "LOST" in there.out) == (True, False)
    await world.remove(key)
    refused = await command("reset", "archive", "--yes")
    assert isinstance(refused.error, StoreError)
    for said in ("2 positions that the archive had planned are not in the lake", key, "--give-up-plans"):
        assert said in str(refused.error)
    assert [row.plan for row in await rows_of(world)] == [plan]
    done = await command("reset", "archive", "--yes", "--give-up-plans")
    assert done.code == 0
    assert f"LOST FOR THE LAKE: 2 positions, {plan.first.sequence_number}/0 to" in done.out
    assert await rows_of(world) == []
    assert await world.store.put_if_absent(key, body, metadata)
    await world.send(event())
    await world.drain("archive")
    assert {row.position: row.data for row in await world.lake()} == {r.position: r.data for r in lake} | world.sent


async def test_what_was_archived_of_the_new_stream_is_not_archived_again(world: StackFixture) -> None:
    """A reader that had nothing to begin behind went on into it, or a server let one: its place is kept."""
    await world.drain(*KINDS)
    first = await rows_of(world)
    assert [row.checkpoint.sequence_number for row in first] == ["TRIM_HORIZON"] * 2
    await world.remake()
    await world.send(event(), event())
    await command("reset", "both", "--yes")
    await world.drain(*KINDS)
    for kind, old in zip(KINDS, first, strict=True):
        (row,) = await world.leases(kind).rows()
        table = world.leases(kind)
        assert await table.write(row, replace(row.renewed(), stream=old.stream, parents=(shard(7),)))
    await world.send(event())
    done = await command("reset", "both", "--yes")
    assert done.out.count("which is a place of the new stream") == 2
    rows = await rows_of(world)
    assert [(row.parents, row.ledger, row.owner, row.plan) for row in rows] == [((), None, None, None)] * 2
    await world.drain(*KINDS)
    await world.assert_lake_exact()
    await world.assert_index_exact()


async def test_a_place_of_another_stream_is_never_taken_for_one_of_this(
    world: StackFixture, own_environment: pytest.MonkeyPatch
) -> None:
    """Workers that were pointed to an older stream: the numbers of the younger one are greater than its own."""
    await world.send(event())
    await world.drain("index")
    older = world.settings.stream
    younger = replace(world, settings=world.settings.model_copy(update={"stream": f"{older}-2"}), sent={})
    await world.kinesis.create_stream(StreamName=younger.settings.stream, ShardCount=1)
    own_environment.setenv("TXN_STREAM", younger.settings.stream)
    assert (await command("reset", "index", "--yes")).code == 0
    await younger.send(event(), event())
    await younger.drain("index")
    own_environment.setenv("TXN_STREAM", older)
    done = await command("reset", "index", "--yes")
    assert (done.code, "belong to another stream than" in done.out, "given up" in done.out) == (0, True, True)
    assert await rows_of(world) == []


async def test_an_object_of_another_stream_is_neither_overwritten_nor_taken_for_ours(world: StackFixture) -> None:
    """It has the very name of ours. The shard stands still and says so until the object is moved away."""
    await world.send(event(), event())
    await world.drain("archive")
    (key,) = [key async for key in world.store.keys(RAW_PREFIX)]
    rows, metadata = await world.lake(), await world.store.metadata(key)
    await world.remove(key)
    theirs = parquet_of(table_of([row._replace(data=event()) for row in rows]))
    assert await world.store.put_if_absent(key, theirs, metadata)
    (row,) = await world.leases("archive").rows()
    planned_on = replace(row, counter=row.counter + 1, checkpoint=Checkpoint(), ledger=None, plan=plan_of(rows))
    for begun in (planned_on, replace(planned_on, plan=None)):
        (row,) = await world.leases("archive").rows()
        assert await world.leases("archive").write(row, replace(begun, counter=row.counter + 1))
        with capture_logs() as logs:
            async with world.working("archive"):
                await until(lambda logs=logs: _is_said(logs, key))  # type: ignore[misc]
        assert await world.store.read(key) == theirs
        (row,) = await world.leases("archive").rows()
        assert row.checkpoint == Checkpoint()
        assert row.plan == plan_of(rows)
    await world.remove(key)
    await world.drain("archive")
    await world.assert_lake_exact()


async def _is_said(logs: Sequence[Any], key: str) -> bool:
    return any(log["event"] == "object_of_another_stream" and log["key"] == key for log in logs)


async def test_leases_that_wait_for_another_generation_are_its_own(world: StackFixture) -> None:
    """What a half-built index lacks, no reset gives it: the lake was listed before the stream was made again."""
    await world.send(event())
    await world.drain("archive")
    settings = of_generation(world)
    assert await begin(LAKE, settings, world.kinesis, world.dynamodb) is not None
    await world.remake()
    with pytest.raises(StoreError, match="drop it"):
        await begin(LAKE, settings, world.kinesis, world.dynamodb)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TXN_INDEX_GENERATION", str(settings.index_generation))
        refused = await command("reset", "index", "--yes")
    assert isinstance(refused.error, StoreError)
    assert "still being built from the lake" in str(refused.error)


async def test_the_index_is_not_built_from_a_lake_whose_archive_waits(world: StackFixture) -> None:
    await world.send(event())
    await world.drain("archive")
    await world.remake()
    with pytest.raises(StoreError, match="txn leases reset archive"):
        await begin(LAKE, of_generation(world), world.kinesis, world.dynamodb)
    assert (await command("reset", "archive", "--yes")).code == 0
    assert await begin(LAKE, of_generation(world), world.kinesis, world.dynamodb) is not None


async def test_reconcile_does_not_compare_ledgers_of_two_streams(world: StackFixture, tmp_path: Any) -> None:
    await world.send(event())
    await world.drain(*KINDS)
    await world.remake()
    await command("reset", "index", "--yes")
    arguments = ["reconcile", "--since", "1h"]
    result = await asyncio.to_thread(CliRunner().invoke, app_of("reconcile"), arguments)
    assert isinstance(result.exception, StoreError)
    assert "txn leases reset archive" in str(result.exception)


async def test_a_stream_that_is_not_there_yet_is_waited_for(world: StackFixture) -> None:
    await world.kinesis.delete_stream(StreamName=world.settings.stream)
    await until(world._is_gone)
    refused = await command("reset", "both", "--yes")
    assert refused.code == 1
    assert "ResourceNotFoundException" in str(refused.error)
