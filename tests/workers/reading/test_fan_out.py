"""Reading a shard that is pushed, on a clock that jumps: five minutes, failures, hand-overs, silence, the end."""

import asyncio
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from devkit.kinesis_server.fates import CallFate
from devkit.kinesis_server.state.shard import Keep
from devkit.user_records import UserRecord
from structlog.testing import capture_logs

from devkit.kinesis_server import fates
from tests.support.memory_kinesis import MemoryEventStream, MemoryKinesis, account_on_loop_time
from tests.support.virtual_time import in_virtual_time
from txn_core.kinesis.aggregation import aggregate
from txn_core.positions import ShardId
from workers.leases.lease import Checkpoint
from workers.leases.shards import LOOKS_WITHOUT
from workers.reading.fan_out import FanOutReader
from workers.reading.read_position import Loss
from workers.reading.subscription import SILENCE_S_MAX

STREAM = "txn"
SHARD = ShardId("shardId-000000000000")
IDLE_S = 1.0


def kinesis(shards: int = 1, **options: Any) -> MemoryKinesis:
    made = MemoryKinesis(account_on_loop_time(**{"push_s": 0.05} | options))
    made.account.create(STREAM, shards)
    return made


async def reader(memory: MemoryKinesis, checkpoint: Checkpoint | None = None, **options: Any) -> FanOutReader:
    stream = memory.account.stream(STREAM)
    if "reader" not in stream.consumers:
        await memory.client.register_stream_consumer(StreamARN=stream.arn, ConsumerName="reader")
    arn = stream.consumers["reader"].arn
    return FanOutReader(memory.client, STREAM, arn, SHARD, checkpoint or Checkpoint(), idle_s=IDLE_S, **options)


async def read_until(one: FanOutReader, count: int) -> list[bytes]:
    """What the reader gives, up to so many records; the clock's loop ends a test that waits in vain."""
    found: list[bytes] = []
    while len(found) < count:
        found += [record.data for record in (await one.read()).records]
    return found


async def put_steadily(memory: MemoryKinesis, count: int, every_s: float) -> None:
    for number in range(count):
        memory.store(STREAM, SHARD, b"%d" % number)
        await asyncio.sleep(every_s)


def event_stream(one: FanOutReader) -> MemoryEventStream:
    return cast("Any", one)._subscription._stream  # type: ignore[no-any-return]


@in_virtual_time
async def test_each_record_is_given_once_through_many_lives_of_subscriptions() -> None:
    """Forty minutes of records, and at least eight subscriptions, each of which begins at the last record."""
    memory = kinesis()
    one, count = await reader(memory), 1_200
    putting = asyncio.create_task(put_steadily(memory, count, 2.0))
    assert await read_until(one, count) == [b"%d" % number for number in range(count)]
    await putting
    assert 8 <= memory.calls["SubscribeToShard"] <= 10
    await one.close()


@pytest.mark.parametrize(
    "fate",
    [
        fates.SUBSCRIPTION_CUT,
        fates.SUBSCRIPTION_FAILS,
        fates.SERVER_ERROR,
        fates.SERVER_ERROR_STORED,
        fates.UNAVAILABLE,
        fates.EXPIRED_TOKEN,
        fates.KMS_THROTTLING,
        CallFate(name="limit", error="LimitExceededException"),
        CallFate(name="taken over", exception="ResourceInUseException"),
        CallFate(name="throttled key", exception="KMSThrottlingException"),
    ],
    ids=lambda fate: fate.name,
)
def test_whatever_ends_a_subscription_nothing_is_lost_or_doubled(fate: CallFate) -> None:
    """Half of the subscriptions meet it, or half of the calls that ask for one."""

    @in_virtual_time
    async def run() -> None:
        memory = kinesis(subscription_life_s=15.0)
        memory.account.faults.on_calls(fate, operation="SubscribeToShard", rate=0.5)
        one, count = await reader(memory), 300
        putting = asyncio.create_task(put_steadily(memory, count, 1.0))
        assert await read_until(one, count) == [b"%d" % number for number in range(count)]
        await putting
        assert memory.account.faults.met[fate.name] > 3
        await one.close()

    run()


@in_virtual_time
async def test_a_shard_that_is_handed_over_is_read_after_five_seconds_at_most() -> None:
    """Until then Kinesis refuses; the reader meanwhile says that there is nothing, so that work by time goes on."""
    memory = kinesis()
    former = await reader(memory)
    memory.store(STREAM, SHARD, b"a", b"b")
    (first,) = [(await former.read()).records]
    await former.close()
    memory.store(STREAM, SHARD, b"c")
    began_s = asyncio.get_running_loop().time()
    successor = await reader(memory, Checkpoint.at(first[-1].position))
    empties = 0
    while not (batch := await successor.read()).records:
        assert not batch.at_tip
        empties += 1
    assert [record.data for record in batch.records] == [b"c"]
    assert empties > 2
    assert asyncio.get_running_loop().time() - began_s <= 5.0 + 1.5
    await successor.close()


@in_virtual_time
async def test_a_consumer_that_somebody_else_uses_is_told_of() -> None:
    memory = kinesis(taken_over_after_s=1_000.0)
    other = await reader(memory)
    await other.read()
    one = await reader(memory)
    with capture_logs() as logs:
        for _ in range(20):
            assert not (await one.read()).records
    assert [entry["log_level"] for entry in logs if entry["event"] == "subscription_in_use"] == ["warning"] * 2
    await other.close()


@in_virtual_time
async def test_a_quiet_shard_gives_empty_batches_and_is_at_its_tip_when_kinesis_says_so() -> None:
    """An idle second says nothing of the tip: the connection may be dead."""
    memory = kinesis()
    one = await reader(memory)
    batches = [await one.read() for _ in range(12)]
    assert [batch.at_tip for batch in batches].count(True) == 3, "at first, and after five and ten seconds"
    assert not any(batch.records for batch in batches)
    await one.close()


@in_virtual_time
async def test_a_subscription_without_any_event_is_given_up() -> None:
    """Its connection may be dead without a word; the next one goes on where it stood."""
    memory = kinesis()
    one = await reader(memory)
    memory.store(STREAM, SHARD, b"a")
    assert await read_until(one, 1) == [b"a"]
    dead = event_stream(one)
    dead.silent = True
    memory.store(STREAM, SHARD, b"b")
    began_s = asyncio.get_running_loop().time()
    assert await read_until(one, 1) == [b"b"]
    assert SILENCE_S_MAX <= asyncio.get_running_loop().time() - began_s <= SILENCE_S_MAX + 2
    assert dead.closed
    await one.close()


@in_virtual_time
async def test_a_busy_reader_is_pushed_one_event_ahead_at_most() -> None:
    """And not taken for one whose subscription is silent: only waiting counts."""
    memory = kinesis()
    one = await reader(memory)
    assert not (await one.read()).records
    assert not (await one.read()).records, "a read that found nothing in time goes on in the background"
    for number in range(5):
        memory.store(STREAM, SHARD, b"%d" % number)
        await asyncio.sleep(2 * SILENCE_S_MAX / 5)
    assert event_stream(one).subscription.place == 1
    assert memory.calls["SubscribeToShard"] == 1
    assert await read_until(one, 5) == [b"%d" % number for number in range(5)]
    assert memory.calls["SubscribeToShard"] == 1
    await one.close()


@in_virtual_time
async def test_a_read_that_is_cancelled_loses_nothing() -> None:
    memory = kinesis()
    one = await reader(memory)
    await one.read()
    reading = asyncio.create_task(one.read())
    await asyncio.sleep(0.5)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    memory.store(STREAM, SHARD, b"a")
    await asyncio.sleep(10)
    assert await read_until(one, 1) == [b"a"]
    await one.close()


@in_virtual_time
async def test_a_checkpoint_inside_an_aggregate_is_gone_on_behind() -> None:
    memory = kinesis()
    memory.store(STREAM, SHARD, aggregate([UserRecord("k", b"%d" % number) for number in range(3)], "0"), b"3")
    one = await reader(memory)
    batch = await one.read()
    await one.close()
    await asyncio.sleep(5)
    again = await reader(memory, Checkpoint.at(batch.records[1].position))
    assert await read_until(again, 2) == [b"2", b"3"]
    await again.close()


@in_virtual_time
async def test_a_closed_shard_ends_and_an_event_without_a_way_to_go_on_does_not_end_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An end that is not one would leave the rest of the shard unread, so both its signs must be there."""
    memory = kinesis()
    memory.store(STREAM, SHARD, b"a")
    one = await reader(memory)
    assert await read_until(one, 1) == [b"a"]
    stream = event_stream(one)
    told = type(stream.subscription)._document
    broken = [True]

    def lacking(*arguments: Any, **named: Any) -> dict[str, object]:
        document = told(*arguments, **named)
        if broken.pop() if broken else False:
            del document["ContinuationSequenceNumber"]
        return document

    monkeypatch.setattr(type(stream.subscription), "_document", lacking)
    memory.store(STREAM, SHARD, b"b")
    assert await read_until(one, 1) == [b"b"]
    assert memory.calls["SubscribeToShard"] > 1
    memory.account.stream(STREAM).split(SHARD, memory.account.clock())
    while not (batch := await one.read()).ended:
        assert not batch.records
    await one.close()


@in_virtual_time
async def test_what_retention_took_is_told_when_a_subscription_begins_behind_it() -> None:
    lost: list[Loss] = []
    memory = kinesis()
    memory.account.stream(STREAM).shard(SHARD).keep = Keep(records_max=1)
    one = await reader(memory, lost=lost.append)
    memory.store(STREAM, SHARD, b"a")
    batch = await one.read()
    await one.close()
    memory.store(STREAM, SHARD, *[b"%d" % number for number in range(6)])
    again = await reader(memory, Checkpoint.at(batch.records[-1].position), lost=lost.append)
    found = await read_until(again, 1)
    assert found[0] != b"0"
    assert lost == ["trimmed"]
    await again.close()


@in_virtual_time
async def test_a_shard_that_has_left_the_stream_is_over_only_when_that_is_sure() -> None:
    lost: list[Loss] = []
    memory = kinesis(shards=2)
    one = await reader(memory, lost=lost.append, shard_sync_s=2.0)
    await one.read()
    del memory.account.stream(STREAM).shards[SHARD]
    memory.account.expire_subscriptions()
    began_s = asyncio.get_running_loop().time()
    while not (batch := await one.read()).ended:
        pass
    assert not batch.records
    assert lost == ["shard_gone"]
    assert asyncio.get_running_loop().time() - began_s >= 2.0 * (LOOKS_WITHOUT - 1)
    await one.close()


@pytest.mark.parametrize(
    "fate",
    [
        CallFate(name="denied", error="AccessDeniedException"),
        CallFate(name="key disabled", exception="KMSDisabledException"),
        fates.STREAM_GONE,
    ],
    ids=lambda fate: fate.name,
)
def test_what_does_not_pass_by_itself_is_raised(fate: CallFate) -> None:
    """A refused right, a key that cannot be used, a consumer that is gone while the shard is there."""

    @in_virtual_time
    async def run() -> None:
        memory = kinesis()
        memory.account.faults.on_calls(fate, operation="SubscribeToShard")
        one = await reader(memory)
        memory.store(STREAM, SHARD, b"a")
        putting = asyncio.create_task(put_steadily(memory, 10, 0.1))
        with pytest.raises(ClientError) as caught:
            await read_until(one, 20)
        await putting
        assert caught.value.response["Error"]["Code"] in {fate.error, fate.exception}
        await one.close()

    run()
