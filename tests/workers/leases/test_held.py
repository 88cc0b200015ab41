"""A held lease over a table that loses answers, delays writes and is cut off."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import position
from tests.workers.builders import ALICE, BOB, later, lease, records, shard
from txn_core.positions import ShardId
from workers import retries
from workers.leases.held import HeldLease, LeaseLostError
from workers.leases.lease import FlushPlan, Lease, WorkerName
from workers.leases.ledger import tally_of

Fate = Literal["lands", "answer lost", "request lost", "late"]
PLAN = FlushPlan(position(5), position(9), later(0), 5)
TALLY = tally_of(records(b"", b""))


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "PAUSE_FIRST_S", 0.0)


@dataclass
class FlakyTable:
    """One row, and a fate for each of the next writes. A late write arrives after the one that follows it."""

    stored: Lease
    fates: list[Fate] = field(default_factory=list)
    late: list[tuple[Lease, Lease]] = field(default_factory=list)
    after_write: Callable[[Lease], Lease] = lambda row: row

    async def row(self, _: ShardId) -> Lease:
        return self.stored

    async def write(self, seen: Lease, wanted: Lease) -> bool:
        await asyncio.sleep(0)
        fate = self.fates.pop(0) if self.fates else "lands"
        if fate == "late":
            self.late.append((seen, wanted))
            raise TimeoutError
        landed = fate != "request lost" and self.apply(seen, wanted)
        while self.late:
            self.apply(*self.late.pop())
        if fate != "lands":
            raise TimeoutError
        return landed

    def apply(self, seen: Lease, wanted: Lease) -> bool:
        if (self.stored.owner, self.stored.counter) != (seen.owner, seen.counter):
            return False
        self.stored = self.after_write(wanted)
        return True


def held(*fates: Fate, row: Lease | None = None) -> tuple[HeldLease, FlakyTable]:
    row = row or lease(owner=ALICE, counter=3)
    table = FlakyTable(row, list(fates))
    return HeldLease(table, row), table  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(["lands", "answer lost", "request lost", "late"]), max_size=12), st.randoms())
def test_whatever_happens_to_the_writes_the_row_ends_as_the_holder_believes(
    fates: list[Fate], rng: random.Random
) -> None:
    """Plans and checkpoints are made in order, through every fate, and in the end table and holder agree."""
    mine, table = held(*fates)

    async def act() -> None:
        await mine.store_plan(PLAN)
        assert table.stored.plan == PLAN
        async with asyncio.TaskGroup() as tasks:
            steps: list[Callable[[], Coroutine[None, None, None]]] = [
                lambda: mine.renew(within_s=0.0),
                lambda: mine.advance(PLAN.last, TALLY),
            ]
            for step in rng.sample(steps, 2):
                tasks.create_task(step())
        assert table.stored.plan is None
        assert table.stored.checkpoint.covers(PLAN.last)
        table.fates.clear()
        await mine.advance(position(12), TALLY)

    asyncio.run(act())
    assert table.stored == mine.row
    assert table.stored.ledger is not None
    assert table.stored.ledger.open == TALLY + TALLY, "noted once for each checkpoint, however often it was written"
    assert table.stored.owner == ALICE


async def test_a_request_to_hand_over_does_not_cost_the_lease() -> None:
    """The asker raises the counter; the holder reads the row again and goes on until it releases."""
    mine, table = held()
    table.stored = table.stored.wanted(BOB)
    await mine.advance(position(7))
    assert table.stored.wanted_by == BOB
    await mine.release()
    assert table.stored.owner == BOB
    assert not mine.lost


@pytest.mark.parametrize("fate", ["answer lost", "request lost", "late"])
@pytest.mark.parametrize("to", [None, BOB], ids=["to nobody", "to the asker"])
async def test_a_release_that_is_in_doubt_is_settled_and_no_loss(fate: Fate, to: WorkerName | None) -> None:
    """Nobody has taken the lease from its holder, so that nobody is to be alarmed."""
    mine, table = held(fate, row=lease(owner=ALICE, counter=3, wanted_by=to))
    await mine.release()
    assert table.stored.owner == to
    assert not mine.lost


async def test_a_release_whose_answer_is_lost_is_done_though_the_asker_has_gone_on() -> None:
    """The asker's row is not released once more."""
    mine, table = held("answer lost", row=lease(owner=ALICE, counter=3, wanted_by=BOB))
    table.after_write = lambda row: row.renewed().advanced(position(9))
    await mine.release()
    assert not mine.lost
    assert table.stored.owner == BOB
    assert table.stored.checkpoint.covers(position(9))


async def test_a_lease_that_was_taken_before_its_release_is_lost() -> None:
    mine, table = held()
    table.stored = table.stored.taken(BOB)
    await mine.release()
    assert mine.lost
    assert table.stored.owner == BOB


async def test_a_lost_lease_is_noticed_at_the_next_write() -> None:
    mine, table = held()
    table.stored = table.stored.taken(BOB)
    with pytest.raises(LeaseLostError):
        await mine.advance(position(7))
    assert mine.lost
    assert table.stored.owner == BOB


@pytest.mark.parametrize("moved", [True, False], ids=["moved on", "stood still"])
async def test_a_lease_that_was_another_workers_in_between_is_lost_though_it_is_ours_again(*, moved: bool) -> None:
    """Taken from us unnoticed, perhaps moved on, and back under our name: what we have read since is out of date."""
    mine, table = held()
    away = table.stored.taken(BOB)
    table.stored = (away.advanced(position(7)) if moved else away).wanted(ALICE).released()
    assert table.stored.owner == ALICE
    with pytest.raises(LeaseLostError):
        await mine.store_plan(PLAN)
    assert mine.lost
    assert table.stored.plan is None


async def test_a_write_counts_as_a_renewal() -> None:
    mine, table = held()
    await mine.advance(position(7))
    counter = table.stored.counter
    await mine.renew(within_s=60.0)
    assert table.stored.counter == counter
    await mine.renew(within_s=0.0)
    assert table.stored.counter == counter + 1


async def test_a_renewal_in_an_outage_is_left_to_the_next_round() -> None:
    mine, table = held("request lost")
    await mine.renew(within_s=0.0)
    assert table.stored.counter == 3
    assert table.stored.shard_id == shard(0)
