"""What is seen of real shards and leases: drained is said exactly when it is so."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from devkit.user_records import UserRecord

from operations.drains.shard_status import Drain
from tests.txn_cli.stack.told_children import until
from txn_cli.status import observer as observer_module
from txn_cli.status.drain import Status
from txn_cli.status.index_layout import IndexLayout
from txn_cli.status.observer import Observer
from txn_cli.status.process_urls import ProcessUrls
from txn_cli.status.status_report import document
from txn_cli.status.wanted_model import WantedModel
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.item_form import ItemForm
from txn_core.dynamodb.tables import TableNames
from txn_core.exceptions import StoreError
from txn_core.kinesis.aggregation import aggregate
from txn_core.positions import ShardId
from txn_core.settings import Settings
from workers.leases.lease import SHARD_END, Checkpoint, Lease, WorkerName
from workers.leases.table import LeaseTable

pytestmark = pytest.mark.usefixtures("two_drains")

WORKER = WorkerName("worker")


@pytest.fixture
async def observer(settings: Settings) -> AsyncIterator[Observer]:
    """An observer of a bootstrapped stream of one shard."""
    one_shard = settings.model_copy(update={"stream_shards": 1})
    await bootstrap(one_shard)
    async with Observer.open(one_shard, ProcessUrls()) as opened:
        yield opened


async def put(observer: Observer, data: bytes = b"event") -> tuple[ShardId, str]:
    """One more record: its shard and sequence number."""
    answer = await observer.kinesis.put_record(StreamName=observer.settings.stream, PartitionKey="a", Data=data)
    return ShardId(answer["ShardId"]), answer["SequenceNumber"]


async def checkpoint(observer: Observer, shard: ShardId, number: str, sub: int = 0) -> None:
    """Say that every kind of worker is done with the shard up to here."""
    names = TableNames(observer.settings.table_prefix)
    for kind in ("index", "archive"):
        table = LeaseTable(observer.dynamodb, names.leases(kind))
        wanted = Lease(shard_id=shard, owner=WORKER, checkpoint=Checkpoint(number, sub))
        if not await table.create(wanted):
            seen = await table.row(shard)
            assert seen is not None
            assert await table.write(seen, wanted)


def drains(status: Status) -> dict[str, dict[str, Drain]]:
    """The state of each shard by worker."""
    return {worker.kind: {shard.shard_id: shard.drain for shard in worker.shards} for worker in status.workers}


async def test_an_empty_stream_is_drained(observer: Observer) -> None:
    assert (await observer.look()).drained


async def test_the_layout_of_the_index_is_told_where_it_can_be_read(observer: Observer) -> None:
    layout = IndexLayout(1, ItemForm.PACKED, keeps_relations=True)
    status = await observer.look()
    assert status.index == layout
    assert document(status)["index"] == {"generation": 1, "item_form": 2, "keeps_relations": True}
    await bootstrap(observer.settings, item_form=ItemForm.TEXT)
    text = (await observer.look()).index
    assert text is not None
    assert text.line_after(layout).startswith("Generation 1 of the index: item form 2 -> 1, relations ")
    assert text.line_after(text).startswith("Generation 1 of the index: item form 1 already, relations ")
    other = observer.settings.model_copy(update={"index_generation": 2})
    assert await IndexLayout.read(observer.dynamodb, other) is None


async def test_whoever_can_ask_no_bucket_learns_nothing_of_the_wanted_model(settings: Settings) -> None:
    async with WantedModel.open(settings.model_copy(update={"bucket": None})) as wanted:
        assert wanted is None
    async with WantedModel.open(settings) as wanted:  # the bucket is not made
        assert wanted is not None
        assert await wanted.refused() is None


async def test_a_record_is_left_until_its_checkpoint(observer: Observer) -> None:
    """The local Kinesis never tells a lag; what is read behind the checkpoint does."""
    shard, first = await put(observer)
    assert not (await observer.look()).drained, "no worker has seen the shard"
    await checkpoint(observer, shard, first)
    assert (await observer.look()).drained
    _, second = await put(observer)
    behind = await observer.look()
    assert not behind.drained
    assert behind.workers[0].lag_s(behind.at) > 0
    (rest,) = [shard.rest for shard in behind.workers[0].shards]
    assert rest is not None
    assert (rest.unread, rest.more) == (1, False)
    await checkpoint(observer, shard, second)
    assert (await observer.look()).drained


async def test_a_checkpoint_inside_an_aggregate_leaves_its_rest(observer: Observer) -> None:
    record = aggregate([UserRecord("a", b"one"), UserRecord("a", b"two")], "0")
    shard, number = await put(observer, record)
    await checkpoint(observer, shard, number, sub=0)
    assert not (await observer.look()).drained
    await checkpoint(observer, shard, number, sub=1)
    assert (await observer.look()).drained


async def test_a_closed_shard_is_drained_at_its_end_alone(observer: Observer) -> None:
    """Its children wait for the end to be checkpointed, also when nothing is left to read."""
    shard, number = await put(observer)
    await checkpoint(observer, shard, number)
    stream = observer.settings.stream
    middle = str(2**127)
    await observer.kinesis.split_shard(StreamName=stream, ShardToSplit=shard, NewStartingHashKey=middle)
    async with asyncio.timeout(60):
        while len(drains(status := await observer.look())["index"]) < 3:  # noqa: ASYNC110 - the server makes it so
            await asyncio.sleep(0.01)
    assert drains(status)["index"][shard] is Drain.BEHIND
    await checkpoint(observer, shard, SHARD_END)
    assert (await observer.look()).drained


async def test_waiting_ends_as_soon_as_all_is_drained(observer: Observer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer_module, "look_pause_s", lambda settings: 0.01)
    shard, number = await put(observer)
    told: list[Status] = []
    waiting = asyncio.create_task(observer.look_until_drained(30, told.append))
    await until(lambda: bool(told))
    assert not told[0].drained
    await checkpoint(observer, shard, number)
    seen = await waiting
    assert seen is not None
    assert seen.drained


async def test_waiting_ends_with_its_time(observer: Observer) -> None:
    await put(observer)
    seen = await observer.look_until_drained(0, lambda status: None)
    assert seen is None or not seen.drained


async def test_a_stream_that_is_not_there_is_an_error_of_one_line(settings: Settings) -> None:
    async with Observer.open(settings, ProcessUrls()) as observer:
        with pytest.raises(StoreError, match="ResourceNotFoundException"):
            await observer.look()


async def test_the_document_names_every_worker_and_lease(observer: Observer) -> None:
    shard, number = await put(observer)
    await checkpoint(observer, shard, number)
    seen = document(await observer.look())
    assert seen["drained"] is True
    match seen["workers"]:
        case {"index": {"drained": True, "shards": [row]}, "archive": {"drained": True}}:
            assert (row["owner"], row["checkpoint"], row["drain"]) == (WORKER, number, "drained")
        case other:
            pytest.fail(f"not the document: {other}")


async def test_of_many_records_behind_a_few_are_counted(observer: Observer) -> None:
    for _ in range(11):
        await put(observer)
    (rest,) = [shard.rest for shard in (await observer.look()).workers[0].shards]
    assert rest is not None
    assert (rest.unread, rest.more) == (10, True)
