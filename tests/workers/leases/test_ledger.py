"""Ledgers: whatever way the same positions are made durable in, the same is noted of them, exactly once."""

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import ARRIVED_AT, SHARD, position
from tests.workers.builders import ALICE, BOB, lease
from txn_core.kinesis.record_batch import RecordBatch, RecordRun, StreamRecord
from txn_core.positions import SequenceNumber
from workers.leases.lease import LATEST, Checkpoint, Lease
from workers.leases.ledger import (
    OPEN_MINUTES_MAX,
    Minute,
    Sum,
    Tally,
    minute_of,
    prefix_within_span,
    start_of,
    tally_of,
)
from workers.leases.ledger_table import LedgerTable


def arrival_minutes(*seconds: float) -> list[StreamRecord]:
    """Records that stand behind each other and arrived so many seconds after the first's moment."""
    return [
        StreamRecord(b"", position(1 + i // 2, i % 2), ARRIVED_AT + timedelta(seconds=after))
        for i, after in enumerate(seconds)
    ]


@dataclass
class FakeTable:
    """The ledger's table in memory, as far as `LedgerTable` uses DynamoDB."""

    items: dict[tuple[str, str], Any] = field(default_factory=dict)

    async def put_item(self, *, TableName: str, Item: Any) -> None:  # noqa: N803 - DynamoDB's names
        self.items[Item["shard"]["S"], Item["part"]["S"]] = Item

    def get_paginator(self, operation: str) -> Self:
        assert operation == "query"
        return self

    async def paginate(self, *, ExpressionAttributeValues: Any, **_: Any) -> AsyncIterator[Any]:  # noqa: N803 - DynamoDB's names
        shard, since = (ExpressionAttributeValues[name]["S"] for name in (":shard", ":since"))
        for key, item in sorted(self.items.items()):
            if key[0] == shard and key[1] >= since:
                yield {"Items": [item]}


def ledger_table(table: FakeTable) -> LedgerTable:
    return LedgerTable(table, "ledger")  # type: ignore[arg-type]


def test_a_minute_is_of_utc() -> None:
    moment = datetime.fromisoformat("2026-01-02T05:04:59.999+02:00")
    assert minute_of(moment) == "2026-01-02T03:04"
    assert start_of(minute_of(moment)) == datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def test_a_digest_is_known() -> None:
    """It may not change between versions: the ledgers of both would differ."""
    ((minute, noted),) = tally_of([StreamRecord(b"", position(7, 3), ARRIVED_AT)]).sums
    assert (minute, noted.count) == ("2026-01-02T03:04", 1)
    assert noted.digest_text == "1b9f08168d30e77204bab0b50fbe1fbf"
    assert Sum.of_text("1", noted.digest_text) == noted


def test_records_of_an_aggregate_are_noted_as_by_themselves() -> None:
    """Also where sub-sequence numbers are larger than is usual."""
    count = 1_100
    run = RecordRun(SHARD, SequenceNumber("7"), 0, ARRIVED_AT, b"", [0] * count, [0] * count)
    assert tally_of(RecordBatch([run])) == tally_of(
        [StreamRecord(b"", position(7, sub), ARRIVED_AT) for sub in range(count)]
    )
    assert tally_of(RecordBatch([run])) == sum((tally_of([one]) for one in RecordBatch([run])), Tally())


@given(st.lists(st.floats(0, 600), max_size=30), st.randoms())
def test_order_and_batches_make_no_difference(seconds: list[float], rng: random.Random) -> None:
    records = arrival_minutes(*seconds)
    whole = tally_of(records)
    rng.shuffle(records)
    cut = rng.randint(0, len(records))
    assert tally_of(records[:cut]) + tally_of(records[cut:]) == whole
    assert whole.count == len(records)


@given(st.lists(st.floats(0, 100), min_size=2, max_size=10), st.data())
def test_a_lost_and_a_doubled_position_show(seconds: list[float], data: st.DataObject) -> None:
    records = arrival_minutes(*seconds)
    one = data.draw(st.sampled_from(records))
    without = [record for record in records if record is not one]
    assert len({tally_of(records), tally_of(without), tally_of([*records, one])}) == 3


def test_what_arrived_an_hour_apart_goes_under_two_checkpoints() -> None:
    records = arrival_minutes(0, 10, 3599, 3600, 7)
    assert prefix_within_span(records) == 3
    assert prefix_within_span(records[3:]) == 2
    assert prefix_within_span([]) == 0


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(-60, 0)), min_size=1, max_size=40),
    st.lists(st.sampled_from(["lands", "crash before", "crash after", "zombie"]), max_size=40),
    st.randoms(),
)
async def test_a_ledger_says_at_any_moment_what_its_checkpoint_covers(
    gaps: Sequence[tuple[int, int]], fates: Sequence[str], rng: random.Random
) -> None:
    """Through crashes at any step, repeated and late puts, and records whose times go backwards."""
    at, seconds = 0, []
    for gap, backwards in gaps:
        at += gap
        seconds.append(at + backwards)
    records, row, table, done, puts = arrival_minutes(*seconds), lease(owner=ALICE), FakeTable(), 0, [lease()]
    ledgers, fates = ledger_table(table), list(fates)
    while done < len(records):
        upto = done + rng.randint(1, 5)
        batch, fate = records[done:upto], fates.pop() if fates else "lands"
        if row.ledger is not None:
            await ledgers.put_leaving(SHARD, row.ledger)
        puts.append(row)
        if fate != "crash before":
            row = row.advanced(batch[-1].position, tally_of(batch), fresh_epoch="one")
            # The answer was lost, and the change is made again on the row as it is found.
            assert row.advanced(batch[-1].position, tally_of(batch), fresh_epoch="two").ledger == row.ledger
            done += len(batch)
        if fate != "lands":
            row = row.taken(BOB)
        if fate == "zombie" and (late := rng.choice(puts).ledger) is not None:
            await ledgers.put_leaving(SHARD, late)
        assert row.ledger is None or len(row.ledger.open) <= OPEN_MINUTES_MAX
        assert await ledgers.tally(row, Minute("0")) == tally_of(records[:done])


async def test_a_row_that_was_read_before_a_part_left_it_counts_it_once() -> None:
    table = FakeTable()
    ledgers = ledger_table(table)
    before = lease().advanced(position(1), tally_of(arrival_minutes(0, 60)), fresh_epoch="e")
    late = [StreamRecord(b"", position(9), ARRIVED_AT + timedelta(seconds=600))]
    after = before.advanced(position(9), tally_of([*late, *arrival_minutes(120, 180)]), fresh_epoch="e")
    assert after.ledger is not None
    assert len(after.ledger.leaving) == 2
    await ledgers.put_leaving(SHARD, after.ledger)
    assert await ledgers.tally(before, Minute("0")) == tally_of(arrival_minutes(0, 60))
    since = minute_of(ARRIVED_AT + timedelta(seconds=60))
    assert (await ledgers.tally(after, since)).sums[0][0] == since


@pytest.mark.parametrize(
    ("moved_to", "since"),
    [(Checkpoint(), None), (Checkpoint("1"), "2026-01-02T03:04"), (Checkpoint(LATEST), "2026-01-02T03:04")],
)
def test_a_row_that_is_moved_by_hand_begins_another_ledger(moved_to: Checkpoint, since: Minute | None) -> None:
    """What is read again on purpose is not counted twice."""
    first = lease().advanced(position(5), tally_of(arrival_minutes(0, 0)), fresh_epoch="old")
    moved = Lease(shard_id=SHARD, checkpoint=moved_to, ledger=first.ledger)
    again = moved.advanced(position(2), tally_of(arrival_minutes(0)), fresh_epoch="new").ledger
    assert again is not None
    assert (again.epoch, again.since, again.open.count) == ("new", since, 1)


def test_an_advance_that_says_nothing_of_what_was_done_ends_the_ledger() -> None:
    noted = lease().advanced(position(1), tally_of(arrival_minutes(0)), fresh_epoch="old")
    unnoted = noted.advanced(position(2))
    assert unnoted.advanced(position(3), Tally(), fresh_epoch="new").ledger is None
    again = unnoted.advanced(position(3), tally_of(arrival_minutes(0)), fresh_epoch="new").ledger
    assert again is not None
    assert (again.epoch, again.since) == ("new", "2026-01-02T03:04")
