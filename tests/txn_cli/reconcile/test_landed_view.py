"""The landing of a warehouse against the ledger of the archive, on real servers: what is wrong is named."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from tests.workers.builders import event, twin
from tests.workers.conftest import StackFixture, world_of
from txn_cli.reconcile import landed_view
from txn_cli.reconcile.reconcile_report import Report
from txn_cli.reconcile.reconciliation import Reconciliation
from txn_cli.reconcile.warehouse_totals import Total, totals_of
from txn_core.aws.clients import Aws
from txn_core.settings import Settings
from warehouse.curated.curation import curate
from warehouse.curated.parquet_table import ParquetTable
from warehouse.run.duckdb_target import DuckDbTarget
from warehouse.run.folder import WarehouseFolder
from warehouse.run.loading import load
from workers.leases.ledger import Minute

EVER = Minute("0")
BUILT = """
create schema star; create schema meta;
create table meta.loaded as select object_name, load_id from landing.landing.objects;
create table meta.run as select 'r' as run_id, max(load_id) as to_load_id, 'm' as models from meta.loaded;
create table star.fact_transactions as
select account, transaction_id, count(*) as writes from landing.landing.positions group by all;
"""


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[StackFixture]:
    """Two shards of sound, repeated, conflicting and poisoned records, which index and archive have done."""
    async with world_of(settings, stream_shards=2) as made:
        first = event()
        await made.spread(*(event() for _ in range(5)), first, first, twin(first, amount_minor=1), b"poison")
        await made.send_aggregate(*(event() for _ in range(3)))
        await made.drain("index", "archive")
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> WarehouseFolder:
    return WarehouseFolder(tmp_path / "warehouse")


async def loaded(world: StackFixture, folder: WarehouseFolder) -> DuckDbTarget:
    """A warehouse with all of the lake in its landing."""
    target = DuckDbTarget(folder, world.settings)
    async with Aws(world.settings).lake() as store:
        table = ParquetTable(store)
        await curate(store, table)
        await load(table, target.landing(), commits_max=10)
    return target


def change(folder: WarehouseFolder, *statements: str) -> int:
    """Change the tables; gives how many positions there are."""
    with duckdb.connect(folder.built("warehouse")) as connection:
        connection.execute(f"attach '{folder.landing}' as landing")
        for statement in statements:
            connection.execute(statement)
        return int(connection.execute("select count(*) from landing.landing.positions").fetchall()[0][0])


async def reconciled(
    world: StackFixture, target: DuckDbTarget, *, deep: bool = False, holds_max: int | None = None
) -> Report:
    held: list[str] = []

    @contextmanager
    def hold() -> Iterator[DuckDbTarget]:
        held.append("held")
        assert held.count("held") == held.count("let go") + 1, "held while something else is read"
        yield target
        held.append("let go")

    async with Reconciliation.open(world.settings, hold) as reconciliation:
        report = await reconciliation.run(EVER, deep=deep)
    assert holds_max is None or held.count("held") <= holds_max
    return report


def landed(report: Report) -> tuple[int, int, int]:
    """The minutes of the landing that agree, differ, and are unfinished."""
    own = [comparison for comparison in report.comparisons if comparison.view == "landing"]
    agreeing, differing = sum(len(each.agreeing) for each in own), sum(len(each.differing) for each in own)
    return agreeing, differing, sum(len(each.unfinished) for each in own)


async def test_a_landing_that_holds_the_lake_agrees(
    world: StackFixture, folder: WarehouseFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with what the archive set apart, and read deeply; then each change is found and named."""
    monkeypatch.setattr(landed_view, "_ROWS_MAX", 3)  # so that a minute's rows come in several parts
    target = await loaded(world, folder)
    positions = change(folder, BUILT)
    report = await reconciled(world, target)
    for each in (report, await reconciled(world, target, deep=True, holds_max=1)):
        assert each.all_right, each.document()
        agreeing, *others = landed(each)
        assert (agreeing > 0, others) == (True, [0, 0])
    assert report.views == ("index", "landing")
    assert report.never_ran == ("score",)
    assert report.by_ledger_alone == ()
    assert [(total.what, total.counts) for total in report.totals] == [
        ("positions", {"landing": positions, "star": positions}),
        ("transactions", {"landing": positions - 2, "star": positions - 2}),
    ]

    change(
        folder,
        # The aggregate alone: a record of one event has but the sub-sequence number 0.
        "create table kept as from landing.landing.positions where sequence_number = "
        "(select max(sequence_number) from landing.landing.positions where sub_sequence_number = 2)",
        "delete from landing.landing.positions where sequence_number in (select sequence_number from kept) "
        "and sub_sequence_number = 1",
        "insert into landing.landing.positions from kept where sub_sequence_number = 2",
        "insert into landing.landing.positions select * replace (-1 as sub_sequence_number) from kept "
        "where sub_sequence_number = 2",
    )
    report = await reconciled(world, target)
    assert not report.all_right
    assert sorted(fault.kind for fault in report.faults) == [
        "doubled_in_landing",
        "extra_in_landing",
        "missing_in_landing",
    ]
    assert [fault.position.sub_sequence_number for fault in report.faults if fault.position] == [1, 2, -1]
    assert not all(total.equal for total in report.totals)


async def test_what_waits_to_be_loaded_is_unfinished_and_no_fault(
    world: StackFixture, folder: WarehouseFolder
) -> None:
    target = await loaded(world, folder)
    await world.spread(event(), event())
    await world.drain("index", "archive")
    report = await reconciled(world, target)
    assert not report.faults
    assert landed(report)[:2] == (0, 0)
    assert landed(report)[2] > 0
    assert report.totals == (), "nothing was built"
    await loaded(world, folder)
    report = await reconciled(world, target)
    assert report.all_right
    assert landed(report)[1:] == (0, 0)


def test_ids_that_are_as_many_and_not_the_same_are_not_equal(settings: Settings, folder: WarehouseFolder) -> None:
    """And what was loaded after the build does not count."""
    target = DuckDbTarget(folder, settings)
    target.landing().open().close()
    row = {"shard_id": "'s'", "sequence_number": "'1'", "account": "'a'", "load_id": "1"}
    values = {"VARCHAR": "''", "BIGINT": "0", "TIMESTAMP": "timestamp '2026-01-01'", "BOOLEAN": "true"}
    with duckdb.connect(folder.landing) as connection:
        columns = connection.execute("describe landing.landing.positions").fetchall()

    def position(transaction_id: str, load_id: int) -> str:
        own = row | {"transaction_id": f"'{transaction_id}'", "load_id": str(load_id)}
        cells = (own.get(name, values[kind]) for name, kind, *_ in columns)
        return f"insert into landing.landing.positions values ({', '.join(cells)})"

    assert totals_of(target) == ()
    change(
        folder,
        "insert into landing.landing.objects values ('curated/commits/1', 1, 1, '', timestamp '2026-01-01')",
        position("one", 1),
        BUILT,
        position("later", 2),
    )
    assert all(total.equal for total in totals_of(target))
    change(folder, "update star.fact_transactions set transaction_id = 'another'")
    assert totals_of(target)[1] == Total("transactions", {"landing": 1, "star": 1}, equal=False)
