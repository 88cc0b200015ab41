"""When an hour of the lake is complete: never too early, whatever the shards and the archive do."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import ARRIVED_AT
from tests.support.chaos import models_are_large
from tests.workers.builders import BOB, event, lease, shard
from tests.workers.conftest import StackFixture
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.instants import instant_of
from workers.leases.completeness import NOTHING_MORE, complete_before
from workers.leases.lease import AT_TIMESTAMP, LATEST, SHARD_END, Checkpoint, FlushPlan, Lease
from workers.leases.ledger import DISORDER_MAX, Ledger, Sum, Tally, minute_of, prefix_within_span, start_of, tally_of
from workers.leases.shards import Shard, list_shards
from workers.leases.stream_identity import StreamIdentity

HOUR = timedelta(hours=1)
START = ARRIVED_AT.replace(minute=0, second=0, microsecond=0)


def at(hours: float) -> datetime:
    """A moment so many hours behind the start."""
    return START + timedelta(hours=hours)


def archived(number: int, hours: float, **fields: object) -> Lease:
    """The row of a shard that is archived up to a record that arrived at a moment."""
    newest = Tally.of({minute_of(at(hours)): Sum(1, 1)})
    row = lease(number, checkpoint=Checkpoint("9"), ledger=Ledger("epoch", None, "9/0", open=newest))
    return replace(row, **fields)  # type: ignore[arg-type]


def listed(*numbers: int) -> list[Shard]:
    return [Shard(shard(number), ()) for number in numbers]


def test_all_before_the_newest_record_is_there_but_for_the_disorder_of_arrivals() -> None:
    assert complete_before([archived(0, 3)], listed(0)) == at(3) - DISORDER_MAX


def test_a_shard_that_lags_holds_up_the_lake() -> None:
    assert complete_before([archived(0, 3), archived(1, 1)], listed(0, 1)) == at(1) - DISORDER_MAX


def test_a_lease_that_is_nobody_s_holds_it_up_as_any_other() -> None:
    """Nobody works on the shard, and somebody will."""
    for owner in (None, BOB):
        rows = [archived(0, 3, owner=BOB), archived(1, 1, owner=owner)]
        assert complete_before(rows, listed(0, 1)) == at(1) - DISORDER_MAX


def test_a_plan_says_where_the_next_object_lies() -> None:
    """Also one that begins earlier than the ledger lets expect, as a server of another kind may have it."""
    first = Position(shard(0), SequenceNumber("10"))
    for hours, before in ((5, at(5) - DISORDER_MAX), (2, at(2))):
        plan = FlushPlan(first, first, instant_of(at(hours)), 1)
        assert complete_before([archived(0, 3, plan=plan)], listed(0)) == before


def test_a_shard_without_a_lease_tells_nothing() -> None:
    assert complete_before([archived(0, 3)], listed(0, 1)) is None
    assert complete_before([], listed(0)) is None
    assert complete_before([], []) is None


@pytest.mark.parametrize(
    "row",
    [
        lease(0),
        lease(0, checkpoint=Checkpoint(LATEST)),
        archived(0, 3, checkpoint=Checkpoint("5")),
        lease(0, checkpoint=Checkpoint("5")),
    ],
    ids=["horizon", "latest", "a checkpoint that was put there by hand", "no ledger"],
)
def test_a_row_whose_ledger_is_not_at_its_checkpoint_tells_nothing(row: Lease) -> None:
    assert complete_before([row], listed(0)) is None
    assert complete_before([row], listed(0), idle_at={row.shard_id: at(4)}) == at(4) - DISORDER_MAX


def test_an_archive_that_begins_at_a_time_has_all_that_it_wants_from_before() -> None:
    row = lease(0, checkpoint=Checkpoint(AT_TIMESTAMP, timestamp=instant_of(at(2))))
    assert complete_before([row], listed(0)) == at(2)


def test_an_idle_shard_does_not_hold_up_the_lake_when_the_stream_says_so() -> None:
    rows = [archived(0, 9), archived(1, 1)]
    assert complete_before(rows, listed(0, 1), idle_at={shard(1): at(8)}) == at(8) - DISORDER_MAX


def test_after_a_split_the_children_go_on_from_their_parent() -> None:
    """Whether or not the parent is archived to its end, and the children have rows."""
    children = [Shard(shard(number), (shard(0),)) for number in (1, 2)]
    begun = [lease(1, parents=(shard(0),)), lease(2, parents=(shard(0),))]
    for parent in (archived(0, 3), archived(0, 3, checkpoint=Checkpoint(SHARD_END))):
        for rows in ([parent], [parent, *begun]):
            assert complete_before(rows, [*listed(0), *children]) == at(3) - DISORDER_MAX
    ended = archived(0, 3, checkpoint=Checkpoint(SHARD_END))
    on = [archived(1, 5, parents=(shard(0),)), archived(2, 6, parents=(shard(0),))]
    assert complete_before([ended, *on], [*listed(0), *children]) == at(5) - DISORDER_MAX
    assert complete_before(on, [*listed(0), *children]) == at(5) - DISORDER_MAX, "the parent's row was deleted"


def test_after_a_merge_the_child_goes_on_from_the_later_parent() -> None:
    rows = [archived(number, number + 2, checkpoint=Checkpoint(SHARD_END)) for number in (0, 1)]
    merged = Shard(shard(2), (shard(0), shard(1)))
    assert complete_before(rows, [*listed(0, 1), merged]) == at(3) - DISORDER_MAX


def test_a_shard_that_left_the_stream_before_its_end_was_archived_holds_up_the_lake() -> None:
    assert complete_before([archived(0, 1), archived(1, 3)], listed(1)) == at(1) - DISORDER_MAX


def test_nothing_more_comes_when_every_shard_is_archived_to_its_end() -> None:
    rows = [archived(0, 3, checkpoint=Checkpoint(SHARD_END)), lease(1, checkpoint=Checkpoint(SHARD_END))]
    assert complete_before(rows, listed(0, 1)) == NOTHING_MORE


def test_leases_of_another_stream_tell_nothing() -> None:
    old, now = (StreamIdentity("arn", instant_of(at(hours))) for hours in (0, 1))
    assert complete_before([archived(0, 3, stream=old)], listed(0), now) is None
    assert complete_before([archived(0, 3, stream=now)], listed(0), now) == at(3) - DISORDER_MAX


@dataclass
class Archived:
    """A stream and its archive, which take steps in any order."""

    rng: random.Random
    now: datetime = START
    numbers: int = 0
    shards: dict[ShardId, Shard] = field(default_factory=lambda: {shard(0): Shard(shard(0), ())})
    unread: dict[ShardId, list[StreamRecord]] = field(default_factory=lambda: {shard(0): []})
    closed: set[ShardId] = field(default_factory=set)
    rows: dict[ShardId, Lease] = field(default_factory=dict)
    promised: datetime = START - HOUR

    def put(self) -> None:
        """A record, whose arrival is a little before its place in time."""
        shard_id = self.rng.choice(self.open)
        self.numbers += 1
        arrived_at = self.now - self.rng.random() * DISORDER_MAX
        place = Position(shard_id, SequenceNumber(str(self.numbers)))
        self.unread[shard_id].append(StreamRecord(b"", place, arrived_at))

    def wait(self) -> None:
        self.now += self.rng.random() * timedelta(minutes=40)

    def split(self) -> None:
        parents = tuple(sorted(self.rng.sample(self.open, min(len(self.open), self.rng.choice((1, 1, 2))))))
        self.closed.update(parents)
        for _ in range(3 - len(parents)):
            child = shard(len(self.shards))
            self.shards[child], self.unread[child] = Shard(child, parents), []

    def lease(self) -> None:
        """A worker writes the rows that are lacking."""
        for shard_id, each in self.shards.items():
            self.rows.setdefault(shard_id, Lease(shard_id=shard_id, parents=each.parents))

    def plan(self) -> None:
        for row in self._readable():
            if row.plan is None and (left := self.unread[row.shard_id]):
                records = left[: self.rng.randint(1, prefix_within_span(left))]
                where = records[0].position, records[-1].position, instant_of(records[0].arrived_at)
                self.rows[row.shard_id] = row.planned(FlushPlan(*where, len(records)))
                return

    def flush(self) -> None:
        """Carry a plan out: here an object comes into the lake, and no hour that was complete may get it."""
        for row in self._readable():
            if row.plan is not None:
                left = self.unread[row.shard_id]
                records = left[: row.plan.positions]
                assert records[0].arrived_at >= self.promised
                self.unread[row.shard_id] = left[len(records) :]
                self.rows[row.shard_id] = row.advanced(row.plan.last, tally_of(records), fresh_epoch="epoch")
                return

    def end(self) -> None:
        for row in self._readable():
            if row.shard_id in self.closed and not self.unread[row.shard_id]:
                self.rows[row.shard_id] = row.ended()

    def ask(self) -> None:
        """Somebody asks what is complete, with or without a look at the stream."""
        idle = {each: self.now for each in self.open if each in self.rows and not self.unread[each]}
        found = complete_before(
            list(self.rows.values()), list(self.shards.values()), idle_at=self.rng.choice(({}, idle))
        )
        if found is not None:
            self.promised = max(self.promised, found)

    @property
    def open(self) -> list[ShardId]:
        return [shard_id for shard_id in self.shards if shard_id not in self.closed]

    def _readable(self) -> Iterable[Lease]:
        """The rows that may be drained: parents first, in any order beside that."""
        rows = [
            row
            for row in self.rows.values()
            if not row.checkpoint.shard_ended
            and all(self.rows[parent].checkpoint.shard_ended for parent in row.parents)
        ]
        return self.rng.sample(rows, len(rows))


STEPS = [
    *[Archived.put] * 6,
    *[Archived.plan, Archived.flush, Archived.ask] * 3,
    *[Archived.wait, Archived.split, Archived.lease, Archived.end],
]


@settings(max_examples=1_000 if models_are_large() else 20, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(20, 120))
def test_no_object_comes_into_an_hour_that_was_complete(rng: random.Random, steps: int) -> None:
    """Through any order of puts, splits, merges, plans and flushes; and in the end all but the last minute is."""
    world = Archived(rng)
    for _ in range(steps):
        rng.choice(STEPS)(world)
    world.lease()
    while any(world.unread.values()) or any(row.plan for row in world.rows.values()):
        for step in (Archived.plan, Archived.flush, Archived.end):
            step(world)
    for _ in world.shards:
        world.end()
    idle = dict.fromkeys(world.open, world.now)
    assert complete_before(world.rows.values(), world.shards.values(), idle_at=idle) == world.now - DISORDER_MAX


async def test_the_rows_of_a_real_archive_tell(world: StackFixture) -> None:
    """Before a split, after one that no worker has seen, and when the children are archived, too."""

    async def before() -> datetime:
        shards = await list_shards(world.kinesis, world.settings.stream)
        found = complete_before(await world.leases("archive").rows(), shards)
        assert found is not None
        return found

    def within(found: datetime, last: datetime) -> bool:
        """Whether it is the newest minute of a record, but for the disorder."""
        return found == start_of(minute_of(last)) - DISORDER_MAX

    await world.send(event(), event())
    await world.drain("archive")
    first = (await world.lake())[-1].arrived_at
    assert within(await before(), first)
    await world.split(shard(0))
    assert within(await before(), first)
    for hash_key in (0, 2**127):
        await world.send(event(), hash_key=hash_key)
    assert within(await before(), first)
    await world.drain("archive")
    assert within(
        await before(), min(record.arrived_at for record in await world.lake() if record.arrived_at > first)
    )
