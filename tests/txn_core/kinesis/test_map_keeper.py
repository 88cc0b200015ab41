"""What a landing says of the shard map, and of the stream."""

import asyncio

from tests.support.fake_kinesis import FakeKinesis
from tests.support.virtual_time import in_virtual_time
from txn_core.kinesis.map_keeper import REFRESH_S, REFRESH_S_MIN, STRAYS_MAX, ShardMapKeeper
from txn_core.kinesis.routing import ByKey, ByShard, Routing

EXPECTED, OTHER = (shard.shard_id for shard in FakeKinesis(shard_count=2).open_shards)


async def adopted_after(*landings: tuple[str, str]) -> list[type[Routing]]:
    """The routings that are taken over when records land, each expected on a shard and found on one."""
    adopted: list[type[Routing]] = []
    keeper = ShardMapKeeper(
        FakeKinesis(shard_count=2).client, "stream", lambda routing: adopted.append(type(routing))
    )
    await keeper.start()
    for expected, shard_id in landings:
        assert keeper.landed(expected, shard_id) == (expected == shard_id)
    await asyncio.sleep(3 * REFRESH_S_MIN)
    await keeper.stop()
    return adopted


@in_virtual_time
async def test_landings_on_other_shards_of_the_map_turn_aggregation_off() -> None:
    """Once they are more than exceptions."""
    assert await adopted_after(*[(EXPECTED, OTHER)] * int(STRAYS_MAX)) == [ByShard, ByKey]
    assert await adopted_after(*[(EXPECTED, OTHER)] * (int(STRAYS_MAX) - 1)) == [ByShard]


@in_virtual_time
async def test_landings_that_another_map_explains_prove_nothing() -> None:
    """What a reshard led elsewhere casts doubt on the map alone, on either side of the change."""
    assert await adopted_after(*[(EXPECTED, "shardId-of-a-split")] * 50) == [ByShard]
    assert await adopted_after(*[("shardId-closed-by-now", OTHER)] * 50) == [ByShard]


@in_virtual_time
async def test_a_new_map_begins_without_strays() -> None:
    """What was counted against the shards of before does not count against those of now."""
    kinesis, adopted = FakeKinesis(shard_count=2), list[type[Routing]]()
    keeper = ShardMapKeeper(kinesis.client, "stream", lambda routing: adopted.append(type(routing)))
    await keeper.start()
    for _ in range(int(STRAYS_MAX)):
        keeper.landed(EXPECTED, OTHER)
    kinesis.split(0)
    await asyncio.sleep(2 * REFRESH_S_MIN)
    keeper.landed(OTHER, "shardId-of-a-split")  # has the map read again
    await asyncio.sleep(2 * REFRESH_S_MIN)
    await keeper.stop()
    assert adopted == [ByShard, ByShard]


@in_virtual_time
async def test_without_aggregation_no_map_is_read() -> None:
    """The keeper's work is done; it does not list the shards for ever."""
    kinesis = FakeKinesis(shard_count=2)
    keeper = ShardMapKeeper(kinesis.client, "stream", lambda _: None)
    await keeper.start()
    for _ in range(int(STRAYS_MAX)):
        keeper.landed(EXPECTED, OTHER)
    await asyncio.sleep(2 * REFRESH_S_MIN)
    listings = kinesis.listings
    await asyncio.sleep(3 * REFRESH_S)
    assert kinesis.listings == listings
    await keeper.stop()
