"""The ledgers of both kinds of worker on real servers: equal over the same records, and fenced like checkpoints."""

from datetime import timedelta

import pytest

from tests.builders import ARRIVED_AT, position
from tests.workers.builders import ALICE, BOB, event, lease, positions_in, records, shard, twin
from tests.workers.conftest import StackFixture
from workers.leases.held import HeldLease, LeaseLostError
from workers.leases.ledger import Minute, Tally, tally_of


async def test_both_kinds_of_worker_note_the_same(wide_world: StackFixture) -> None:
    """Sound and poisoned records, repeats, conflicts and aggregates: every position is noted once on either side."""
    world, first = wide_world, event()
    await world.spread(*(event() for _ in range(8)), first, twin(first, amount_minor=1), b"poison")
    await world.send_aggregate(*(event() for _ in range(5)))
    await world.drain("index", "archive")
    assert await world.ledger("index") == await world.ledger("archive") == await world.arrival_minutes()
    assert positions_in(await world.ledger("index")) == 16


async def test_minutes_leave_the_row_and_are_counted_on(world: StackFixture) -> None:
    """A zombie with an older row writes nothing that is not there already."""
    checkpointer, leases = world.checkpointer("index"), world.leases("index")
    await leases.create(mine := lease(owner=ALICE))
    held = HeldLease(leases, mine)
    noted = Tally()
    for i in range(8):
        tally = tally_of(records(b"", b"", start=10 * i + 1, at=ARRIVED_AT + timedelta(minutes=i)))
        await checkpointer.advance(held, position(10 * i + 2), tally)
        noted += tally
        assert await checkpointer.table.tally(held.row, Minute("0")) == noted
    stale = HeldLease(leases, held.row)
    taken = held.row.taken(BOB)
    assert await leases.write(held.row, taken)
    with pytest.raises(LeaseLostError):
        await checkpointer.advance(stale, position(99), tally_of(records(b"", at=ARRIVED_AT + timedelta(hours=1))))
    row = await leases.row(shard(0))
    assert row == taken
    assert await checkpointer.table.tally(taken, Minute("0")) == noted
