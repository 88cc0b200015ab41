"""A third drain, registered in these tests alone: everything that knows of drains knows of it, too."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from operations.dead_letters.letter_catalogue import Name
from tests.workers.builders import event
from tests.workers.conftest import StackFixture, until, world_of
from tests.workers.dummy_drain import DUMMY
from tests.workers.dummy_drain.drain import key_of
from tests.workers.hosts.test_health import free_port
from tests.workers.hosts.test_process import command
from txn_cli.reconcile.reconcile_report import Report
from txn_cli.reconcile.reconciliation import Reconciliation
from txn_cli.stack.stackports import metrics_of, port_names
from txn_cli.status.observer import Observer
from txn_cli.status.process_urls import ProcessUrls
from txn_cli.status.status_report import document
from txn_core import drains
from txn_core.settings import Settings
from workers.leases.ledger import Minute

MODULE = "tests.workers.dummy_drain"


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry line."""
    monkeypatch.setitem(drains.REGISTRY, DUMMY.name, DUMMY)


@pytest.fixture
async def world(registered: None, settings: Settings) -> AsyncIterator[StackFixture]:
    """A world of two shards that has the tables of the third drain."""
    async with world_of(settings, stream_shards=2) as made:
        yield made


async def rows_of(world: StackFixture) -> dict[str, bytes]:
    """What the third drain has written, by position."""
    table = world.context(DUMMY.name).names.of_drain(DUMMY.name, DUMMY.tables[0].name)
    pages = world.dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    items = [item async for page in pages for item in page["Items"]]
    return {item["position"]["S"]: bytes(item["data"]["B"]) for item in items}


def sent(world: StackFixture) -> dict[str, bytes]:
    """What it should have written."""
    return {key_of(place)["position"]["S"]: data for place, data in world.sent.items()}


async def reconciled(world: StackFixture, *, deep: bool = False) -> Report:
    """What a reconciliation of all views with the archive finds."""
    async with Reconciliation.open(world.settings) as reconciliation:
        return await reconciliation.run(Minute("0"), deep=deep)


@pytest.mark.usefixtures("two_drains")
async def test_it_is_leased_drained_counted_and_shown(world: StackFixture) -> None:
    """By the same worker and the same look as the others; its ledger is the archive's."""
    await world.spread(*(event() for _ in range(20)))
    await world.send_aggregate(*(event() for _ in range(10)))
    port = free_port()
    settings = world.settings.model_copy(update={"worker_metrics_port": port})
    urls = ProcessUrls(workers={DUMMY.name: f"http://127.0.0.1:{port}"})
    observer = Observer(world.kinesis, world.dynamodb, settings, urls)
    async with world.working(DUMMY.name, settings=settings):
        await until(lambda: world.drained(DUMMY.name))
        await until(lambda: _counted(observer, 30))
        shown: Any = document(await observer.look())
    row = shown["workers"][DUMMY.name]
    assert list(shown["workers"]) == ["index", "archive", "dummy"]
    assert (row["drained"], sum(row["leases"].values()), row["process"]) == (True, 2, {"ready": True, "why": None})
    assert not shown["drained"], "the others have not begun"
    assert await rows_of(world) == sent(world)
    await world.drain("archive")
    assert await world.ledger(DUMMY.name) == await world.ledger("archive") == await world.arrival_minutes()


async def _counted(observer: Observer, records: int) -> bool:
    status = await observer.look()
    (worker,) = (worker for worker in status.workers if worker.kind == DUMMY.name)
    return worker.counts.get("records") == records


@pytest.mark.usefixtures("two_drains")
async def test_it_is_reconciled_beside_the_index(world: StackFixture) -> None:
    """By its ledgers, and by its evidence where minutes are read again: what it lost is named."""
    places = await world.spread(*(event() for _ in range(12)))
    await world.drain("archive", "index", DUMMY.name)
    report = await reconciled(world)
    assert (report.views, report.by_ledger_alone, report.all_right) == (("index", DUMMY.name), (), True)
    of_dummy = [comparison for comparison in report.comparisons if comparison.view == DUMMY.name]
    assert sum(sums.view.count for comparison in of_dummy for sums in comparison.agreeing) == 12
    table = world.context(DUMMY.name).names.of_drain(DUMMY.name, DUMMY.tables[0].name)
    await world.dynamodb.delete_item(TableName=table, Key=key_of(places[5]))
    (fault,) = (await reconciled(world, deep=True)).faults
    assert (fault.kind, fault.position) == ("missing_in_dummy", places[5])


async def test_it_runs_as_a_process_of_the_command_line(world: StackFixture) -> None:
    """`txn worker` takes its name, and SIGTERM lets it checkpoint and give up its leases."""
    await world.spread(*(event() for _ in range(5)))
    async with command(MODULE, "worker", DUMMY.name, settings=world.settings) as child:
        await until(lambda: world.drained(DUMMY.name))
        child.send_signal(signal.SIGTERM)
        assert await child.wait() == 0
    assert await rows_of(world) == sent(world)
    assert await world.owners(DUMMY.name) == {}


async def test_its_leases_are_looked_at_by_their_command(world: StackFixture) -> None:
    await world.spread(event())
    await world.drain(DUMMY.name)
    reset = "leases", "reset", "all", "--yes"
    async with command(MODULE, *reset, settings=world.settings, stdout=asyncio.subprocess.PIPE) as child:
        said, _ = await child.communicate()
    assert child.returncode == 0
    assert b"dummy: every lease is of stream" in said


def test_the_local_stack_and_the_dead_letters_have_a_place_for_it(registered: None) -> None:
    assert metrics_of(DUMMY.name) in port_names()
    name = Name.of("dead-letters/undecodable/dt=2026-01-02/dummy-shardId-000000000000-7-0.json")
    assert name is not None
    assert name.worker == DUMMY.name


async def test_it_reads_the_stream_that_it_names(
    registered: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another stream than the transactions': made by bootstrap, leased, read, and shown."""
    monkeypatch.setitem(drains.REGISTRY, DUMMY.name, replace(DUMMY, stream_setting="bucket"))
    async with world_of(settings, stream=f"{settings.stream}-transactions") as world:
        there = replace(world, settings=settings.model_copy(update={"stream": settings.bucket}), sent={})
        await there.send(event(), event())
        await world.send(event())
        await world.drain(DUMMY.name)
        assert await rows_of(world) == sent(there)
        (row,) = await world.leases(DUMMY.name).rows()
        assert row.stream is not None
        assert row.stream.arn.endswith(f"/{settings.bucket}")


async def test_hosting_one_drain_imports_no_other() -> None:
    """Nor does knowing of all drains import any."""
    code = (
        "import sys; from txn_core import drains; from workers.hosts import process; from workers.context import *;"
        "loaded = lambda: {n for n in drains.names() if any(m.startswith(f'workers.{n}.') for m in sys.modules)};"
        "assert loaded() == set(), loaded(); opener_of(drains.INDEX); assert loaded() == {'index'}, loaded()"
    )
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await child.wait() == 0
