"""A row without an owner: moved by whoever saw it as it is, through lost answers and marks of others."""

from collections.abc import Callable

import pytest

from tests.builders import position
from tests.workers.builders import ALICE, later, lease, records, shard
from tests.workers.leases.test_held import FlakyTable
from tests.workers.memory_table import MemoryTable
from txn_core.positions import ShardId
from workers import retries
from workers.leases.lease import Checkpoint, FlushPlan, Lease
from workers.leases.ledger import tally_of
from workers.leases.stream_identity import StreamIdentity
from workers.leases.unowned import RowMovedError, UnownedRow
from workers.leases.version_pin import VersionPin

PLAN = FlushPlan(position(5), position(9), later(0), 5)
TALLY = tally_of(records(b"", b""))
STREAM = StreamIdentity("arn", later(0))


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "PAUSE_FIRST_S", 0.0)


@pytest.mark.parametrize("fate", ["answer lost", "request lost"])
async def test_a_write_in_doubt_is_settled_by_reading_the_row(fate: str) -> None:
    """Whether it landed or not, it is made once."""
    table = FlakyTable(lease(), [fate, fate, fate])  # type: ignore[list-item]
    cursor = UnownedRow(table, table.stored)  # type: ignore[arg-type]
    await cursor.pin(VersionPin(None))
    await cursor.store_plan(PLAN)
    await cursor.advance(PLAN.last, TALLY)
    assert cursor.row == table.stored
    assert table.stored.ledger is not None
    assert table.stored.ledger.open == TALLY
    assert (table.stored.plan, table.stored.checkpoint, table.stored.counter) == (None, Checkpoint.at(PLAN.last), 3)


@pytest.mark.parametrize(
    "moved",
    [
        lambda row: row.advanced(position(7), TALLY),
        lambda row: row.taken(ALICE),
        lambda row: row.planned(PLAN),
        lambda row: row.pinned(VersionPin(None)),
        lambda row: row.ended(),
        lambda row: None,
    ],
    ids=["advanced", "taken", "planned", "pinned", "ended", "deleted"],
)
async def test_a_row_that_somebody_else_moved_is_left_as_it_is(moved: Callable[[Lease], Lease | None]) -> None:
    table = MemoryTable(lease())
    cursor = UnownedRow(table, lease())
    stored = moved(lease())
    table.stored = {} if stored is None else {shard(0): stored}
    before: dict[ShardId, Lease] = dict(table.stored)
    with pytest.raises(RowMovedError):
        await cursor.advance(position(9), TALLY)
    assert table.stored == before


async def test_a_row_that_was_only_marked_is_moved_all_the_same() -> None:
    """Another host has noted which stream it is of: nothing of its place has changed."""
    table = MemoryTable(lease())
    cursor = UnownedRow(table, lease())
    table.stored[shard(0)] = lease().marked(STREAM)
    await cursor.advance(position(9), TALLY)
    stored = table.stored[shard(0)]
    assert (stored.stream, stored.checkpoint, stored.owner) == (STREAM, Checkpoint.at(position(9)), None)
