"""When a worker asks which stream it reads, and what it makes of the answer: on a stream in memory."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from structlog.testing import capture_logs

from tests.support.virtual_time import in_virtual_time
from tests.workers.builders import ALICE, lease, shard
from tests.workers.hosts.test_leased import Checkpointing
from tests.workers.memory_table import MemoryTable
from txn_core.aws.types import KinesisClient
from txn_core.readiness import NotReadyError
from txn_core.settings import Settings
from txn_core.transactions.instants import instant_of
from workers.hosts.leased import Worker
from workers.leases.lease import Lease
from workers.leases.stream_identity import StreamIdentity
from workers.leases.stream_watch import ASKED_EVERY_S, SAID_EVERY_S, StreamWatch
from workers.metrics import WorkerMetrics
from workers.reading.budget import ENTIRE_SHARD
from workers.reading.opening import polling

CREATED = datetime(2026, 1, 2, tzinfo=UTC)
ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/stream"


def identity(created: datetime = CREATED) -> StreamIdentity:
    return StreamIdentity(ARN, instant_of(created))


def refused(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Call")  # type: ignore[typeddict-item]


class Stream:
    """A stream that can be deleted, made again, resharded, and be silent about itself."""

    def __init__(self) -> None:
        self.created: datetime | None = CREATED
        self.status = "ACTIVE"
        self.begins = {shard(0): "1000"}
        self.asked = 0
        self.fault: Exception | None = None
        self.gone = False

    def remake(self) -> None:
        self.created = CREATED + timedelta(days=1)
        self.begins = {shard(0): "2000"}

    async def list_shards(self, **_: Any) -> dict[str, Any]:
        if self.gone:
            raise refused("ResourceNotFoundException")
        return {
            "Shards": [
                {"ShardId": shard_id, "SequenceNumberRange": {"StartingSequenceNumber": begins}}
                for shard_id, begins in self.begins.items()
            ]
        }

    async def describe_stream_summary(self, **_: Any) -> dict[str, Any]:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        created = {} if self.created is None else {"StreamCreationTimestamp": self.created}
        return {"StreamDescriptionSummary": {"StreamARN": ARN, "StreamStatus": self.status, **created}}


def watch(stream: Stream, *rows: Lease) -> tuple[StreamWatch, MemoryTable, WorkerMetrics]:
    table, metrics = MemoryTable(*rows), WorkerMetrics("index")
    return StreamWatch(stream, "stream", table, metrics, kind="index"), table, metrics  # type: ignore[arg-type]


def gauge(metrics: WorkerMetrics) -> float | None:
    return metrics.registry.get_sample_value("txn_index_foreign_leases")


@in_virtual_time
async def test_it_is_asked_at_the_start_then_seldom() -> None:
    """AWS takes twenty such calls a second of a whole account."""
    stream = Stream()
    watching, table, _ = watch(stream)
    for _ in range(30):
        assert await watching.shards(await table.rows()) is not None
        await asyncio.sleep(10.0)
    assert stream.asked == pytest.approx(300 / ASKED_EVERY_S, abs=1)
    assert watching.identity == identity()


@in_virtual_time
async def test_it_is_asked_at_once_when_the_listed_shards_change_or_reading_went_wrong() -> None:
    stream = Stream()
    watching, _, _ = watch(stream)
    await watching.shards([])
    stream.begins[shard(1)] = "1500"
    await watching.shards([])
    watching.doubt()
    await watching.shards([])
    await watching.shards([])
    assert stream.asked == 3
    assert watching.amiss == ""


@in_virtual_time
async def test_a_stream_that_was_made_again_is_not_read_and_it_is_said_now_and_then() -> None:
    stream = Stream()
    watching, table, metrics = watch(stream, lease(0, stream=identity()))
    assert await watching.shards(await table.rows()) is not None
    stream.remake()
    before = dict(table.stored)
    with capture_logs() as logs:
        for _ in range(13):
            assert await watching.shards(await table.rows()) is None
            await asyncio.sleep(10.0)
    assert [log["event"] for log in logs] == ["stream_not_read"] * (1 + int(120 / SAID_EVERY_S))
    assert "was made again at 2026-01-03T00:00:00.000000Z" in watching.amiss
    assert watching.amiss == logs[0]["reason"]
    assert (table.stored, gauge(metrics)) == (before, 1)
    table.stored.clear()
    with capture_logs() as logs:
        assert await watching.shards([]) is not None
    assert [log["event"] for log in logs] == ["stream_readable"]
    assert (watching.amiss, gauge(metrics)) == ("", 0)


@in_virtual_time
async def test_leases_of_an_older_version_are_marked_once_whoever_holds_them() -> None:
    stream = Stream()
    watching, table, _ = watch(stream, lease(0, owner=ALICE, counter=5), lease(7))
    with capture_logs() as logs:
        await watching.shards(await table.rows())
        await watching.shards(await table.rows())
    assert {row.stream for row in table.stored.values()} == {identity()}
    assert table.stored[shard(0)].counter == 6
    assert table.stored[shard(0)].owner == ALICE
    assert [log["event"] for log in logs] == ["leases_marked"]


@in_virtual_time
async def test_a_worker_that_never_saw_its_stream_fails_as_ever() -> None:
    stream = Stream()
    watching, _, _ = watch(stream)
    stream.gone = True
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        await watching.shards([])


@pytest.mark.parametrize("status", ["DELETING", "CREATING", "gone"])
@in_virtual_time
async def test_while_the_stream_is_away_nothing_is_read_and_then_it_is_asked_for(status: str) -> None:
    stream = Stream()
    watching, table, _ = watch(stream, lease(0, stream=identity()))
    await watching.shards(await table.rows())
    stream.gone, stream.status = status == "gone", status
    watching.doubt()
    with capture_logs() as logs:
        assert await watching.shards(await table.rows()) is None
    assert "is not there" in logs[0]["reason"]
    stream.gone, stream.status = False, "ACTIVE"
    assert await watching.shards(await table.rows()) is not None
    stream.gone = True
    assert await watching.shards(await table.rows()) is None
    stream.gone = False
    stream.remake()
    assert await watching.shards(await table.rows()) is None
    assert "was made again" in watching.amiss


@in_virtual_time
async def test_an_outage_of_the_question_holds_up_nothing_unless_the_answer_matters() -> None:
    stream = Stream()
    watching, table, _ = watch(stream, lease(0, stream=identity()))
    await watching.shards(await table.rows())
    stream.fault = refused("LimitExceededException")
    await asyncio.sleep(ASKED_EVERY_S)
    assert await watching.shards(await table.rows()) is not None
    stream.begins[shard(1)] = "1500"
    with pytest.raises(ClientError, match="LimitExceeded"):
        await watching.shards(await table.rows())
    stream.fault = refused("AccessDeniedException")
    del stream.begins[shard(1)]
    with pytest.raises(ClientError, match="AccessDenied"):
        await watching.shards(await table.rows())


@in_virtual_time
async def test_a_server_that_does_not_tell_when_the_stream_was_created_is_believed() -> None:
    stream = Stream()
    stream.created = None
    watching, table, _ = watch(stream, lease(0))
    assert await watching.shards(await table.rows()) is not None
    assert (watching.identity, table.stored[shard(0)].stream) == (None, None)


def worker(stream: Stream, *, shard_sync_s: float) -> tuple[Worker, StreamWatch, MemoryTable]:
    """One that reads a stream under the eyes of a watch, and looks at its shards so often."""
    watching, table, metrics = watch(stream)
    settings = Settings(lease_renew_s=2.0, lease_failover_s=10.0, shard_sync_s=shard_sync_s)
    one = Worker(
        name=ALICE,
        settings=settings,
        leases=table,
        processor=Checkpointing,
        metrics=metrics,
        stream=watching,
        open_reader=polling(cast("KinesisClient", stream), settings, settings.stream, ENTIRE_SHARD),
    )
    return one, watching, table


@in_virtual_time
async def test_a_worker_that_waits_is_not_ready_holds_nothing_and_goes_on_by_itself() -> None:
    """The whole of it: it reads its stream, stops when that is another one, and begins that after the reset."""
    stream = Readable()
    one, watching, table = worker(stream, shard_sync_s=10.0)
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(one.run(stopping))
        await asyncio.sleep(5.0)
        assert table.stored[shard(0)].owner == ALICE
        assert table.stored[shard(0)].stream == identity()
        await one.scans_leases()
        stream.remake()
        await asyncio.sleep(15.0)
        with pytest.raises(NotReadyError, match="was made again"):
            await one.scans_leases()
        held = table.stored[shard(0)]
        await asyncio.sleep(60.0)
        assert table.stored[shard(0)] == held
        assert held.owner is None
        table.stored.clear()
        await asyncio.sleep(15.0)
        assert table.stored[shard(0)].owner == ALICE
        assert table.stored[shard(0)].stream == watching.identity != identity()
        await one.scans_leases()
        stopping.set()


@in_virtual_time
async def test_a_refused_read_makes_the_worker_ask_at_once() -> None:
    """It does not fail three times, and end, before the next look at the shards is due."""
    stream = Readable()
    one, watching, table = worker(stream, shard_sync_s=3600.0)
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(one.run(stopping))
        await asyncio.sleep(5.0)
        stream.remake()
        stream.refuses = True
        await asyncio.sleep(10.0)
        assert "was made again" in watching.amiss
        assert table.stored[shard(0)].owner is None
        stopping.set()


class Readable(Stream):
    """A stream without records, whose iterators may be refused."""

    refuses = False

    async def get_shard_iterator(self, **_: Any) -> dict[str, Any]:
        if self.refuses:
            raise refused("InvalidArgumentException")
        return {"ShardIterator": "here"}

    async def get_records(self, **_: Any) -> dict[str, Any]:
        if self.refuses:
            raise refused("InvalidArgumentException")
        return {"Records": [], "MillisBehindLatest": 0, "NextShardIterator": "here"}
