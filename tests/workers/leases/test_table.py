"""Lease rows in a real table: whatever acts on an older row is fenced out."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests.builders import ARRIVED_AT, position
from tests.workers.builders import ALICE, BOB, later, lease, records, shard
from tests.workers.conftest import StackFixture
from workers.leases.held import HeldLease, LeaseLostError
from workers.leases.lease import AT_TIMESTAMP, Checkpoint, FlushPlan
from workers.leases.ledger import Tally, tally_of
from workers.leases.version_pin import VersionPin

PLAN = FlushPlan(position(1), position(5, 3), later(0), 9)


def minutes_apart(count: int) -> Tally:
    """The tally of so many records, each in a minute of its own."""
    return sum((tally_of(records(b"", at=ARRIVED_AT + timedelta(minutes=i))) for i in range(count)), Tally())


async def test_a_row_comes_back_as_it_was_written(world: StackFixture) -> None:
    table = world.leases("index")
    plan = FlushPlan(position(1, shard_id=shard(1)), position(5, 3, shard_id=shard(1)), later(0), 9)
    rows = [
        lease(0),
        lease(1, parents=(shard(0), shard(7)), hash_keys=("0", "9")).taken(ALICE).planned(plan).wanted(BOB),
        lease(2, parents=(shard(0),)).taken(BOB).advanced(position(2**180, 7)).released(),
        lease(3).advanced(position(1, shard_id=shard(3)), minutes_apart(5), fresh_epoch="e"),
        lease(4, checkpoint=Checkpoint("7")).advanced(
            position(9, shard_id=shard(4)), minutes_apart(1), fresh_epoch="e"
        ),
        lease(5, checkpoint=Checkpoint(AT_TIMESTAMP, timestamp=later(0))),
        lease(6, pins=(VersionPin(None), VersionPin(position(7, 2, shard_id=shard(6)), "m2", "m1", "r1"))),
    ]
    for row in rows:
        assert await table.create(row)
        assert not await table.create(row)
        assert await table.row(row.shard_id) == row
    assert sorted(await table.rows(), key=lambda row: row.shard_id) == rows
    assert await table.row(shard(9)) is None


async def test_a_moment_to_start_from_is_forgotten_once_something_is_done(world: StackFixture) -> None:
    table, first = world.leases("index"), lease(checkpoint=Checkpoint(AT_TIMESTAMP, timestamp=later(0)))
    await table.create(first)
    assert await table.write(first, first.advanced(position(1)))
    assert await table.row(shard(0)) == lease(counter=1, checkpoint=Checkpoint("1"))


async def test_the_layout_is_that_of_the_kinesis_client_library(world: StackFixture) -> None:
    """Its tools read our tables."""
    row = lease(1, parents=(shard(0),), hash_keys=("0", "9")).taken(ALICE).advanced(position(12, 3))
    await world.leases("index").create(row)
    found = await world.dynamodb.get_item(
        TableName=f"{world.settings.table_prefix}-index-leases", Key={"leaseKey": {"S": shard(1)}}
    )
    assert found["Item"] == {
        "leaseKey": {"S": shard(1)},
        "leaseOwner": {"S": ALICE},
        "leaseCounter": {"N": "2"},
        "checkpoint": {"S": "12"},
        "checkpointSubSequenceNumber": {"N": "3"},
        "ownerSwitchesSinceCheckpoint": {"N": "0"},
        "parentShardId": {"SS": [shard(0)]},
        "startingHashKey": {"S": "0"},
        "endingHashKey": {"S": "9"},
    }


async def test_a_write_on_an_older_row_is_refused(world: StackFixture) -> None:
    """By its counter and by its owner, whichever differs."""
    table, first = world.leases("index"), lease()
    await table.create(first)
    assert await table.write(first, first.taken(ALICE))
    assert not await table.write(first, first.taken(BOB))
    assert not await table.write(lease(counter=1), lease(counter=1).taken(BOB))
    assert not await table.write(lease(owner=BOB, counter=1), lease(owner=BOB, counter=1).renewed())
    assert not await table.write(lease(5), lease(5).taken(BOB)), "a row that is not there is not made"
    assert await table.row(shard(0)) == (mine := first.taken(ALICE))
    assert await table.write(mine, mine.renewed())
    assert not await table.write(mine, mine.planned(PLAN)), "the owner's own older row is refused, too"
    assert await table.row(shard(0)) == mine.renewed()


async def test_a_row_is_deleted_only_as_it_was_seen(world: StackFixture) -> None:
    table, row = world.leases("index"), lease()
    await table.create(row)
    mine = row.taken(ALICE)
    await table.write(row, mine)
    assert not await table.delete(row)
    assert not await table.delete(mine.renewed())
    assert await table.delete(mine)
    assert await table.row(shard(0)) is None
    assert not await table.delete(mine), "gone already"


async def test_attributes_of_others_stay(world: StackFixture) -> None:
    table, row = world.leases("index"), lease()
    await table.create(row)
    name, key = f"{world.settings.table_prefix}-index-leases", {"leaseKey": {"S": shard(0)}}
    await world.dynamodb.update_item(
        TableName=name,
        Key=key,
        UpdateExpression="SET throughputKBps = :n",
        ExpressionAttributeValues={":n": {"N": "7"}},
    )
    await table.write(row, row.taken(ALICE))
    item = (await world.dynamodb.get_item(TableName=name, Key=key))["Item"]
    assert item["throughputKBps"] == {"N": "7"}


async def test_a_zombie_can_do_no_harm(world: StackFixture) -> None:
    """An owner that slept through a takeover cannot checkpoint, plan, pin, end, renew or release."""
    table = world.leases("archive")
    await table.create(lease())
    mine = lease().taken(ALICE)
    await table.write(lease(), mine)
    taken = mine.taken(BOB)
    await table.write(mine, taken)
    acts: list[Callable[[HeldLease], Awaitable[None]]] = [
        lambda zombie: zombie.advance(position(9)),
        lambda zombie: zombie.store_plan(PLAN),
        lambda zombie: zombie.pin(VersionPin(None)),
        lambda zombie: zombie.end(),
        lambda zombie: zombie.renew(within_s=0.0),
    ]
    for act in acts:
        with pytest.raises(LeaseLostError):
            await act(HeldLease(table, mine))
    zombie = HeldLease(table, mine)
    await zombie.release()
    assert zombie.lost
    assert await table.row(shard(0)) == taken
