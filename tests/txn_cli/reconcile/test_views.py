"""Any number of views beside the archive: each is compared by itself, with the evidence that it has."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from io import StringIO

import pytest
from rich.console import Console

from operations.ledgers.comparison import Comparison, MinuteSums, ShardLedger
from tests.workers.builders import ALICE, event, id_of, lease
from tests.workers.conftest import StackFixture, until, world_of
from txn_cli.reconcile.examination import Examination
from txn_cli.reconcile.reconcile_report import Report, show_report
from txn_cli.reconcile.reconciliation import Reconciliation, is_off
from txn_cli.reconcile.views import View
from txn_core.dynamodb.table_shapes import TableShape, create_request
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.positions import Position, ShardId
from txn_core.settings import Settings
from workers.evidence import RECORDS_MAX, Evidence
from workers.leases.lease import Checkpoint, Lease
from workers.leases.ledger import Minute, Sum, Tally, minute_of, tally_of
from workers.leases.ledger_table import LedgerTable
from workers.leases.table import LeaseTable

pytestmark = pytest.mark.usefixtures("two_drains")

EVER = Minute("0")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[StackFixture]:
    """One shard with four events in one record, which index and archive have done."""
    async with world_of(settings) as made:
        await made.send_aggregate(*(event() for _ in range(4)))
        await made.drain("index", "archive")
        yield made


@dataclass(frozen=True, slots=True)
class Lost:
    """The evidence of a view that has lost some positions."""

    positions: frozenset[Position] = frozenset()
    asked: list[Position] = field(default_factory=list)

    async def faults(self, records: Sequence[StreamRecord]) -> list[str | None]:
        assert len(records) <= RECORDS_MAX
        self.asked.extend(record.position for record in records)
        return ["missing_in_copy" if record.position in self.positions else None for record in records]


async def is_active(world: StackFixture, table: str) -> bool:
    return (await world.dynamodb.describe_table(TableName=table))["Table"]["TableStatus"] == "ACTIVE"


async def create(world: StackFixture, table: str, keys: dict[str, str]) -> None:
    """A table that answers."""
    await world.dynamodb.create_table(**create_request(table, TableShape(table, keys)))
    await until(partial(is_active, world, table))


async def view_of(
    world: StackFixture, name: str, change: Callable[[Lease], Lease], evidence: Evidence | None = None
) -> View:
    """A view whose leases are the index's with a change, in tables of its own."""
    leases, ledger = (f"{world.settings.table_prefix}-{name}-{table}" for table in ("leases", "ledger"))
    await create(world, leases, {"leaseKey": "HASH"})
    await create(world, ledger, {"shard": "HASH", "part": "RANGE"})
    view = View(name, LeaseTable(world.dynamodb, leases), LedgerTable(world.dynamodb, ledger), evidence)
    for row in await world.leases("index").rows():
        assert await view.leases.create(change(row))
    return view


async def reconciled(world: StackFixture, *views: View, deep: bool = False) -> Report:
    """What a reconciliation finds of the index and of further views."""
    async with Reconciliation.open(world.settings) as reconciliation:
        return await replace(reconciliation, views=(*reconciliation.views, *views)).run(EVER, deep=deep)


def as_is(row: Lease) -> Lease:
    return row


def one_fewer(row: Lease) -> Lease:
    """The row with a ledger that lacks one position."""
    assert row.ledger is not None
    ((minute, noted),) = row.ledger.open.sums
    return replace(row, ledger=replace(row.ledger, open=Tally.of({minute: Sum(noted.count - 1, noted.digest)})))


def not_begun(row: Lease) -> Lease:
    return replace(row, checkpoint=Checkpoint(), ledger=None)


def without_ledger(row: Lease) -> Lease:
    """The row as an older version would have left it."""
    return replace(row, ledger=None)


def counts(comparison: Comparison) -> tuple[int, int, int, int]:
    """How many minutes agree, differ, are unfinished, are unknown."""
    minutes = (comparison.agreeing, comparison.differing, comparison.unfinished, comparison.unknown)
    return tuple(map(len, minutes))  # type: ignore[return-value]


def shown(report: Report) -> str:
    """The report for people."""
    text = StringIO()
    show_report(report, Console(file=text, width=120))
    return text.getvalue()


async def test_each_view_is_compared_by_itself(world: StackFixture) -> None:
    """A view that is behind or differs leaves what is said of the others as it is."""
    views = [
        await view_of(world, "copy", as_is, Lost()),
        await view_of(world, "short", one_fewer),
        await view_of(world, "behind", not_begun),
        await view_of(world, "older", without_ledger),
    ]
    report = await reconciled(world, *views)
    assert {comparison.view: counts(comparison) for comparison in report.comparisons} == {
        "index": (1, 0, 0, 0),
        "copy": (1, 0, 0, 0),
        "short": (0, 1, 0, 0),
        "behind": (0, 0, 1, 0),
        "older": (0, 0, 0, 1),
    }
    assert [(fault.kind, fault.position) for fault in report.faults] == [("unexplained_in_short", None)]
    assert not report.all_right
    document = json.loads(json.dumps(report.document()))
    positions = [shard["positions"] for shard in document["shards"]]
    assert positions[:3] == [{"index": 4, "archive": 4}, {"copy": 4, "archive": 4}, {"short": 3, "archive": 4}]
    (differing,) = document["shards"][2]["differing"]
    assert {**differing, "minute": ""} == {"minute": "", "short": 3, "archive": 4}
    assert document["by_ledger_alone"] == ["short", "behind", "older"]
    assert "The short was compared by its ledger alone" in shown(report)


async def test_the_evidence_of_a_view_names_what_it_lost(world: StackFixture) -> None:
    """Only the view that differs is asked, and of the whole minute."""
    lost, data = next((place, data) for place, data in world.sent.items() if place.sub_sequence_number == 2)
    sound, poor = Lost(), Lost(frozenset({lost}))
    views = await view_of(world, "sound", as_is, sound), await view_of(world, "copy", one_fewer, poor)
    (fault,) = (await reconciled(world, *views)).faults
    assert (fault.kind, fault.position, fault.transaction_id) == ("missing_in_copy", lost, id_of(data))
    assert (sound.asked, sorted(poor.asked, key=Position.within_shard)) == ([], [*world.sent])


async def test_a_deep_reconciliation_asks_every_view(world: StackFixture) -> None:
    """What is said of the lake is said once, whatever number of views were read again."""
    (key,) = [key async for key in world.store.keys("raw/")]
    await world.store._client.delete_object(Bucket=world.settings.lake_bucket, Key=key)
    copy = Lost()
    report = await reconciled(world, await view_of(world, "copy", as_is, copy), deep=True)
    assert sorted(copy.asked, key=Position.within_shard) == [*world.sent]
    assert [fault.kind for fault in report.faults] == ["missing_in_lake"] * 4


async def test_each_drain_is_judged_by_what_its_own_checkpoint_covers(world: StackFixture) -> None:
    """A straggler that the view has still to read is missing in no view, and the archive that has it is not wrong."""
    async with Reconciliation.open(world.settings) as of:
        ((done, noted),) = [
            (row, row.ledger.open.sums[0][1]) for row in await world.leases("index").rows() if row.ledger
        ]
        records = sorted(await world.lake(), key=lambda record: record.position.within_shard())
        copy = Lost()
        view = View("copy", of.reference.leases, of.reference.ledger_table, copy)
        behind = ShardLedger(replace(done, checkpoint=Checkpoint.at(records[2].position)), Tally())
        ledgers = {"copy": behind, "archive": ShardLedger(done, Tally())}
        examination = Examination(of.stream, of.lake, of.reference, [view], done.shard_id, ledgers, None, LONG_AGO)
        sums = MinuteSums(minute_of(records[0].arrived_at), tally_of(records[:3]).sums[0][1], noted)
        assert await examination.faults({sums.minute: {"copy": sums}}) == []
    assert sorted(copy.asked, key=Position.within_shard) == [record.position for record in records[:3]]


def test_a_report_of_two_drains_says_nothing_of_views_without_evidence() -> None:
    document = Report(EVER, ("index",), (), (), (), deep=False).document()
    assert [*document] == ["all_right", "since", "deep", "shards", "faults"]


def test_a_drain_that_was_left_out_or_does_not_run_is_said_in_a_line() -> None:
    seen = lease()
    assert [is_off(rows) for rows in ([], [seen], [seen, seen.taken(ALICE)])] == [False, True, False]
    for report, line in (
        (Report(EVER, ("index",), (), (), (), deep=False, never_ran=("score",)), "has not run here"),
        (Report(EVER, ("index",), (), (), (), deep=False, off=("score",)), "does not run now"),
    ):
        assert report.all_right
        assert f"`txn worker score` {line}" in shown(report)


def test_a_shard_and_its_minutes_stand_under_the_names_of_both_drains() -> None:
    sums = MinuteSums(Minute("2026-01-02T03:04"), Sum(1_000, 7), Sum(2, 9))
    shard_id = ShardId("shardId-000000000000")
    comparisons = tuple(Comparison(shard_id, view, (), (sums,), (), ()) for view in ("index", "score"))
    out = shown(Report(EVER, ("index", "score"), (), comparisons, (), deep=False))
    heads = [line.split() for line in out.splitlines() if line.startswith("shard ")]
    assert heads == [
        ["shard", "agreeing", "differing", "unfinished", "unknown", "indexed", "archived"],
        ["shard", "minute", "(UTC)", "indexed", "archived"],
        ["shard", "agreeing", "differing", "unfinished", "unknown", "scored", "archived"],
        ["shard", "minute", "(UTC)", "scored", "archived"],
    ]
    assert out.count("2026-01-02T03:04") == 2
    assert out.count("1,000") == 4
