"""Reading one shard, against a stream of our own that can do what a real one does only rarely."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from devkit.user_records import UserRecord
from structlog.testing import capture_logs

from tests.builders import SHARD
from tests.support.virtual_time import in_virtual_time
from txn_core.kinesis.aggregation import aggregate
from txn_core.positions import ShardId
from workers.leases.lease import Checkpoint
from workers.leases.shards import LOOKS_WITHOUT
from workers.reading.budget import BYTES_PER_S_MAX, READS_PER_S_MAX, ReadShare
from workers.reading.read_position import Loss, Start
from workers.reading.reader import READ_BYTES_AIM, RECORDS_FIRST, ShardReader, records_to_ask_for

ARRIVED = datetime(2026, 1, 2, tzinfo=UTC)
CHILD = ShardId("shardId-000000000001")


def packed(*data: bytes) -> bytes:
    return aggregate([UserRecord("key", one) for one in data], "0")


class ScriptedShard:
    """A shard with these records at sequence numbers 10, 20, ... `faults` are raised by GetRecords, in turn."""

    def __init__(self, *data: bytes, closed: bool = False, faults: Iterator[Exception] | None = None) -> None:
        self.records = [(10 * (i + 1), one) for i, one in enumerate(data)]
        self.closed, self.faults = closed, iter(faults or ())
        self.iterators: list[dict[str, Any]] = []
        self.reads: list[float] = []
        self.limits: list[int] = []
        self.behind_ms = 0
        self.listed: list[ShardId] = [SHARD]

    async def get_shard_iterator(self, **request: Any) -> dict[str, Any]:
        self.iterators.append(request)
        number = int(request.get("StartingSequenceNumber", 0))
        behind = request["ShardIteratorType"] == "AFTER_SEQUENCE_NUMBER"
        return {"ShardIterator": str(number + behind)}

    async def list_shards(self, **_: Any) -> dict[str, Any]:
        hash_keys = {"StartingHashKey": "0", "EndingHashKey": "9"}
        return {"Shards": [{"ShardId": shard_id, "HashKeyRange": hash_keys} for shard_id in self.listed]}

    async def get_records(self, *, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803 - botocore's names
        self.reads.append(asyncio.get_running_loop().time())
        if (fault := next(self.faults, None)) is not None:
            raise fault
        self.limits.append(Limit)
        at = int(ShardIterator)
        found = [(n, data) for n, data in self.records if n >= at][:Limit]
        following = found[-1][0] + 1 if found else at
        more = not self.closed or any(n >= following for n, _ in self.records)
        records = [
            {"SequenceNumber": str(n), "Data": d, "PartitionKey": "k", "ApproximateArrivalTimestamp": ARRIVED}
            for n, d in found
        ]
        return {"Records": records, "MillisBehindLatest": self.behind_ms} | (
            {"NextShardIterator": str(following)} if more else {}
        )


def reader(shard: ScriptedShard, checkpoint: Checkpoint = Checkpoint(), **options: Any) -> ShardReader:  # noqa: B008 - frozen
    options = {"records_max": 1000, "idle_s": 0.2} | options
    return ShardReader(shard, "stream", SHARD, checkpoint, **options)  # type: ignore[arg-type]


async def positions(shard_reader: ShardReader) -> list[tuple[str, int]]:
    batch = await shard_reader.read()
    return [(r.position.sequence_number, r.position.sub_sequence_number) for r in batch.records]


async def test_reading_starts_at_the_horizon_and_takes_aggregates_apart() -> None:
    shard = ScriptedShard(b"a", packed(b"b", b"c"), b"d")
    batch = await reader(shard).read()
    assert [r.data for r in batch.records] == [b"a", b"b", b"c", b"d"]
    assert [r.position.sub_sequence_number for r in batch.records] == [0, 0, 1, 0]
    assert all(r.arrived_at == ARRIVED for r in batch.records)


async def test_what_hashes_outside_the_shard_is_kept() -> None:
    """KCL drops a whole aggregate for one such record; after a split under way that would lose acknowledged ones."""
    outside = aggregate([UserRecord("key", one) for one in (b"a", b"b")], str(2**127))
    shard = ScriptedShard(outside, packed(b"c"))
    batch = await reader(shard).read()
    assert [record.data for record in batch.records] == [b"a", b"b", b"c"]


async def test_reading_goes_on_inside_an_aggregate() -> None:
    """What the checkpoint covers of its own record is skipped, the rest is not."""
    shard = ScriptedShard(b"a", packed(b"b", b"c", b"d"), b"e")
    assert await positions(reader(shard, Checkpoint("20", 1))) == [("20", 2), ("30", 0)]
    assert shard.iterators[0]["ShardIteratorType"] == "AT_SEQUENCE_NUMBER"


async def test_a_record_that_is_done_is_not_read_again() -> None:
    assert await positions(reader(ScriptedShard(b"a", b"b"), Checkpoint("10", 0))) == [("20", 0)]


async def test_the_distance_from_the_tip_is_passed_on() -> None:
    """An empty read before the tip is none at it."""
    shard = ScriptedShard()
    shard.behind_ms = 1_500
    batch = await reader(shard).read()
    assert (batch.behind_s, batch.at_tip) == (1.5, False)


async def test_the_tip_and_the_end_are_told_apart() -> None:
    open_, closed = ScriptedShard(b"a"), ScriptedShard(b"a", closed=True)
    of_open, of_closed = reader(open_), reader(closed)
    assert not (await of_open.read()).at_tip
    assert ((tip := await of_open.read()).at_tip, tip.ended) == (True, False)
    assert (await of_closed.read()).ended


async def test_an_expired_iterator_is_rebuilt_at_the_last_fetched_record() -> None:
    """Not at the checkpoint: that may be far behind, and what was fetched is being processed."""
    shard = ScriptedShard(b"a", packed(b"b", b"c"), b"d")
    shard_reader = reader(shard, records_max=2)
    assert await positions(shard_reader) == [("10", 0), ("20", 0), ("20", 1)]
    shard.faults = iter([refused("ExpiredIteratorException")])
    assert await positions(shard_reader) == [("30", 0)]
    assert shard.iterators[-1]["ShardIteratorType"] == "AT_SEQUENCE_NUMBER"
    assert shard.iterators[-1]["StartingSequenceNumber"] == "20"


class Losses(list[Loss]):
    """What a reader says that retention took, with what it has logged."""

    def __init__(self) -> None:
        self.logs: list[Any] = []

    @property
    def ranges(self) -> list[tuple[str, str | None]]:
        return [(log["read_to"], log["first"]) for log in self.logs if log["event"] == "records_lost_by_retention"]


@pytest.fixture
def losses() -> Iterator[Losses]:
    found = Losses()
    with capture_logs() as logs:
        found.logs = logs
        yield found


async def test_a_checkpoint_behind_retention_is_said_and_reading_goes_on(losses: Losses) -> None:
    """The stream gives the oldest record that it still has in place of the one that is asked for."""
    shard = ScriptedShard(b"a", packed(b"b", b"c"), b"d")
    shard.records = shard.records[1:]
    behind_retention = reader(shard, Checkpoint("10", 0), lost=losses.append)
    assert await positions(behind_retention) == [("20", 0), ("20", 1), ("30", 0)]
    assert losses == ["trimmed"]
    assert losses.ranges == [("10", "20")]


async def test_what_an_outage_let_go_of_is_said(losses: Losses) -> None:
    """The iterator has expired meanwhile; the last record that was fetched is gone, and some behind it."""
    shard = ScriptedShard(b"a", b"b", b"c", b"d")
    shard_reader = reader(shard, records_max=2, lost=losses.append)
    assert await positions(shard_reader) == [("10", 0), ("20", 0)]
    shard.records = shard.records[3:]
    shard.faults = iter([refused("ExpiredIteratorException")])
    assert await positions(shard_reader) == [("40", 0)]
    assert losses == ["trimmed"]
    assert losses.ranges == [("20", "40")]


@in_virtual_time
async def test_nothing_is_said_while_the_last_record_is_there(losses: Losses) -> None:
    """At the tip it comes back alone, has no effect, and the next look finds the tip; inside an aggregate, too."""
    shard = ScriptedShard(b"a", packed(b"b", b"c"))
    shard_reader = reader(shard, Checkpoint("20", 0), records_max=1, lost=losses.append)
    assert await positions(shard_reader) == [("20", 1)]
    for _ in range(3):
        shard.faults = iter([refused("ExpiredIteratorException")])
        again, tip = await shard_reader.read(), await shard_reader.read()
        assert (len(again.records), again.at_tip, again.ended) == (0, False, False)
        assert (len(tip.records), tip.at_tip) == (0, True)
    shard.records.append((30, b"d"))
    assert await positions(shard_reader) == [("30", 0)]
    assert losses == []


@in_virtual_time
async def test_the_first_answer_with_records_decides(losses: Losses) -> None:
    """Kinesis may give empty answers before it comes to the records, and a shard may be silent for long."""
    shard = ScriptedShard(b"a", b"b")
    kept, shard.records = shard.records[1:], []
    shard_reader = reader(shard, Checkpoint("10", 0), lost=losses.append)
    for _ in range(3):
        assert (await shard_reader.read()).at_tip
    shard.faults = iter([refused("ExpiredIteratorException")])
    assert losses == []
    shard.records = kept
    assert await positions(shard_reader) == [("20", 0)]
    assert losses == ["trimmed"]


async def test_a_shard_that_ends_without_the_record_of_the_checkpoint_is_said(losses: Losses) -> None:
    shard = ScriptedShard(closed=True)
    assert (await reader(shard, Checkpoint("10", 0), lost=losses.append).read()).ended
    assert losses == ["trimmed"]
    assert losses.ranges == [("10", None)]


@in_virtual_time
@pytest.mark.parametrize(("slept_h", "said"), [(23, []), (25, ["trimmed"])])
async def test_a_silent_shard_whose_tip_was_seen_within_retention_has_lost_nothing(
    slept_h: int, said: list[Loss], losses: Losses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last record may be long gone; what came behind it can not be."""
    shard = ScriptedShard(b"a")
    shard_reader = reader(shard, lost=losses.append)
    assert await positions(shard_reader) == [("10", 0)]
    assert (await shard_reader.read()).at_tip
    woken_s = time.time() + slept_h * 3600
    monkeypatch.setattr(time, "time", lambda: woken_s)
    shard.records = [(20, b"b")]
    shard.faults = iter([refused("ExpiredIteratorException")])
    assert await positions(shard_reader) == [("20", 0)]
    assert losses == said


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "GetRecords")


THROTTLE = refused("ProvisionedThroughputExceededException")


@in_virtual_time
async def test_throttles_and_cuts_are_waited_out_without_loss() -> None:
    shard = ScriptedShard(b"a", b"b", faults=iter([THROTTLE, ConnectionResetError(), TimeoutError()]))
    assert await positions(reader(shard)) == [("10", 0), ("20", 0)]


@in_virtual_time
async def test_a_throttled_reader_reads_less_often_for_a_while() -> None:
    shard = ScriptedShard(*[b"a"] * 30, faults=iter([THROTTLE] * 4))
    shard_reader = reader(shard, records_max=1)
    for _ in range(20):
        await shard_reader.read()
    pauses = [later - earlier for earlier, later in itertools.pairwise(shard.reads)]
    assert min(pauses[:4]) > 1 / READS_PER_S_MAX  # by chance how much, so that readers do not meet again
    assert pauses[-1] == pytest.approx(1 / READS_PER_S_MAX)


@in_virtual_time
async def test_an_iterator_that_expires_each_time_does_not_make_the_reader_spin() -> None:
    shard = ScriptedShard(b"a", faults=iter([refused("ExpiredIteratorException")] * 3))
    await reader(shard).read()
    assert shard.reads[-1] - shard.reads[0] >= 3 / READS_PER_S_MAX - 0.01


MISSING = refused("ResourceNotFoundException")


@in_virtual_time
async def test_a_shard_that_has_left_the_stream_unread_is_over(losses: Losses) -> None:
    """What was in it is lost by retention and said so; its children must not wait for it for ever."""
    shard = ScriptedShard(faults=itertools.repeat(MISSING))
    shard.listed = [CHILD]
    shard_reader = reader(shard, Checkpoint("10", 0), shard_sync_s=10.0, lost=losses.append)
    batch, reads = await shard_reader.read(), 1
    while not batch.ended:
        assert (len(batch.records), batch.at_tip, losses) == (0, False, [])
        batch, reads = await shard_reader.read(), reads + 1
    assert asyncio.get_running_loop().time() >= 2 * 10.0, "two pauses between looks at the stream's shards"
    assert reads > LOOKS_WITHOUT, "the processor is heard meanwhile, so that what is due by age is flushed"
    assert losses == ["shard_gone"]
    assert losses.ranges == [("10", None)]


@in_virtual_time
async def test_a_list_that_lacks_a_shard_for_a_moment_ends_nothing(losses: Losses) -> None:
    """Lists may be of some time ago; what was read in between shows that the shard is there."""
    shard = ScriptedShard(b"a", faults=iter([MISSING] * 20))
    shard.listed = [CHILD]
    shard_reader = reader(shard, shard_sync_s=10.0, lost=losses.append)
    while not (batch := await shard_reader.read()).records:
        assert not batch.ended
    shard.faults = iter([MISSING] * 20)
    while not (await shard_reader.read()).at_tip:
        pass
    assert losses == []


@pytest.mark.parametrize("listed", [[], [SHARD]], ids=["empty", "with the shard"])
async def test_a_list_that_does_not_show_the_shard_gone_ends_the_work_loudly(listed: list[ShardId]) -> None:
    """A list without any shard says nothing of this one."""
    shard = ScriptedShard(b"a", faults=iter([MISSING]))
    shard.listed = listed
    with pytest.raises(ClientError):
        await reader(shard).read()


async def test_a_fault_that_does_not_pass_is_raised() -> None:
    shard = ScriptedShard(faults=iter([ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetRecords")]))
    with pytest.raises(ClientError):
        await reader(shard).read()


@in_virtual_time
async def test_reads_keep_their_distance() -> None:
    """Two kinds of workers at two reads a second leave one of a shard's five to others."""
    shard = ScriptedShard(*[b"a"] * 30)
    shard_reader = reader(shard, records_max=1, share=ReadShare(reads_per_s=2.0))
    for _ in range(10):
        await shard_reader.read()
    assert all(b - a >= 0.499 for a, b in itertools.pairwise(shard.reads))


@in_virtual_time
async def test_empty_reads_back_off_up_to_a_bound_and_a_record_ends_that() -> None:
    shard = ScriptedShard()
    shard_reader = reader(shard, idle_s=1.0)
    for _ in range(8):
        await shard_reader.read()
    shard.records.append((10, b"a"))
    for _ in range(3):
        await shard_reader.read()
    pauses = [later - earlier for earlier, later in itertools.pairwise(shard.reads)]
    assert pauses[0] < pauses[1] < pauses[2]
    assert pauses[7] == pytest.approx(1.0)
    assert pauses[8] == pytest.approx(1 / READS_PER_S_MAX)


@in_virtual_time
async def test_a_large_read_is_followed_by_a_pause_that_pays_it_off() -> None:
    """A shard gives 2 MB a second to all its readers; a worker begins with its share of that."""
    shard = ScriptedShard(bytes(2 << 20), b"a")
    shard_reader = reader(shard, records_max=1, share=ReadShare(bytes_per_s=BYTES_PER_S_MAX / 2))
    for _ in range(2):
        await shard_reader.read()
    assert shard.reads[1] - shard.reads[0] == pytest.approx((2 << 20) / BYTES_PER_S_MAX * 2)


def test_large_records_are_asked_for_in_small_numbers() -> None:
    assert records_to_ask_for([{"Data": b"x" * 50_000}], 1000) == READ_BYTES_AIM // 50_001
    assert records_to_ask_for([{"Data": b"x" * READ_BYTES_AIM}], 1000) == 1
    assert records_to_ask_for([{"Data": b""}] * 3, 1000) == 1000


async def test_the_first_read_is_small() -> None:
    """Nothing is known of the records' size yet."""
    shard = ScriptedShard(b"a")
    await reader(shard).read()
    assert shard.limits == [RECORDS_FIRST]


def test_nothing_can_be_read_behind_an_end() -> None:
    with pytest.raises(ValueError, match="SHARD_END"):
        Start.after(Checkpoint("SHARD_END"), SHARD)
