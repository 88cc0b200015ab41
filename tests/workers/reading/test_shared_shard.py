"""Three drains on one shard with the limits of AWS, 0.9 MB/s in: by polling they want 2.7 of 2 MB/s, pushed 0.9 each.

The same server state, readers and shares as in production, on a clock that jumps; `make bench-fan-out` measures it
over HTTP.
"""

import asyncio
import random
from dataclasses import dataclass, field
from statistics import median

import pytest

from tests.support.memory_kinesis import MemoryKinesis, account_on_loop_time
from tests.support.virtual_time import in_virtual_time
from txn_core.drains import REGISTRY, DrainDefinition
from txn_core.kinesis.stream_limits import ReadLimit
from txn_core.positions import ShardId
from txn_core.settings import Settings
from workers.leases.lease import Checkpoint
from workers.reading.budget import BYTES_PER_S_MAX, ReadShare
from workers.reading.fan_out import FanOutReader
from workers.reading.opening import Reader, polling

STREAM = Settings().stream
SHARD = ShardId("shardId-000000000000")
RECORD = bytes(9_000)  # 100 a second of them are 0.9 MB/s
RECORDS_PER_S = 100
RUN_S = 90.0
PUSH_S = 0.07  # what Kinesis takes on average from a record's arrival to its push (AWS' announcement of the feature)
DRAINS = ("index", "archive", "score")


@dataclass
class Drained:
    """What one drain has read, and how late."""

    late_s: list[float] = field(default_factory=list)
    stream_limits: list[ReadLimit | None] = field(default_factory=list)

    @property
    def bytes_per_s(self) -> float:
        return len(self.late_s) * len(RECORD) / RUN_S


async def drain(reader: Reader, memory: MemoryKinesis, drained: Drained) -> None:
    while True:
        batch = await reader.read()
        now_s = memory.account.clock()
        drained.late_s += [now_s - record.arrived_at.timestamp() for record in batch.records]
        drained.stream_limits.append(reader.limit)


async def fill(memory: MemoryKinesis) -> None:
    while True:
        memory.store(STREAM, SHARD, *[RECORD] * (RECORDS_PER_S // 50))
        await asyncio.sleep(1 / 50)


@pytest.fixture(autouse=True)
def score(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third drain of the stream; and jitter that is the same in every run."""
    monkeypatch.setattr("workers.reading.reader.random", random.Random(1))  # nobody else draws from it
    monkeypatch.setitem(REGISTRY, "score", DrainDefinition("score", "nowhere:open"))


async def run(*, fan_out: bool) -> dict[str, Drained]:
    """A minute and a half of three drains."""
    memory = MemoryKinesis(account_on_loop_time(push_s=PUSH_S))
    account = memory.account
    account.create(STREAM, 1)
    account.stream_limits.enabled = True
    settings = Settings(fan_out=",".join(DRAINS) if fan_out else "")
    share = ReadShare.of(settings, STREAM)
    arns = {}
    for name in DRAINS if fan_out else ():
        answer = await memory.client.register_stream_consumer(StreamARN=account.stream(STREAM).arn, ConsumerName=name)
        arns[name] = answer["Consumer"]["ConsumerARN"]
    found = {name: Drained() for name in DRAINS}
    try:
        async with asyncio.timeout(RUN_S), asyncio.TaskGroup() as tasks:
            tasks.create_task(fill(memory))
            for number, name in enumerate(DRAINS):
                await asyncio.sleep(0.11 * number)  # processes do not start at once
                reader: Reader = polling(memory.client, settings, STREAM, share)(SHARD, Checkpoint(), lambda _: None)
                if fan_out:
                    reader = FanOutReader(memory.client, STREAM, arns[name], SHARD, Checkpoint(), idle_s=1.0)
                tasks.create_task(drain(reader, memory, found[name]))
    except TimeoutError:
        pass
    return found


@in_virtual_time
async def test_three_drains_that_are_pushed_to_keep_up_and_poll_at_twice_the_delay_at_least() -> None:
    pushed, polled = await run(fan_out=True), await run(fan_out=False)
    for name in DRAINS:
        assert max(pushed[name].late_s[RECORDS_PER_S:]) < 0.2, "none falls behind"
        assert pushed[name].bytes_per_s == pytest.approx(0.9e6, rel=0.02)
        assert median(pushed[name].late_s) <= median(polled[name].late_s) / 2
        assert set(pushed[name].stream_limits) == {None}


@in_virtual_time
async def test_three_drains_that_poll_share_the_shard_and_its_lag_fairly_and_know_why() -> None:
    """Each falls behind by about as much, since each has its third of what the shard gives; and it says so."""
    polled = await run(fan_out=False)
    given = [polled[name].bytes_per_s for name in DRAINS]
    lags = [polled[name].late_s[-1] for name in DRAINS]
    assert sum(given) > 0.9 * BYTES_PER_S_MAX, "nothing of the shard is left unused"
    assert min(lags) > 5
    assert max(given) < 1.2 * min(given), given
    assert max(lags) < 1.5 * min(lags), lags
    for name in DRAINS:
        late = polled[name].stream_limits[10:]
        assert sum(limit is not None for limit in late) > 0.9 * len(late)


@in_virtual_time
async def test_two_drains_that_poll_keep_up_with_the_same_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    """1.8 of 2 MB/s, as ever."""
    monkeypatch.delitem(REGISTRY, "score")
    monkeypatch.setattr("tests.workers.reading.test_shared_shard.DRAINS", DRAINS[:2])
    polled = await run(fan_out=False)
    for drained in polled.values():
        assert drained.late_s[-1] < 1.5
