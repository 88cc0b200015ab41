"""The reader of the lake on real servers: several consumers, several processes, and ends in the middle."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import pytest

from tests.builders import ARRIVED_AT, encoded, position, transaction_id
from txn_core.aws.clients import Aws
from txn_core.aws.objects import ObjectStore
from txn_core.bootstrap import bootstrap_generation
from txn_core.dynamodb.tables import TableNames
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.lake.columns import arrived_of, table_of
from txn_core.lake.layout import RAW_PREFIX, range_key
from txn_core.lake.parquet import parquet_of
from txn_core.lake.progress import INDEX_REBUILD, ConsumerProgress, Part
from txn_core.lake.reader import LakeReader, raw_hours
from txn_core.settings import Settings
from txn_core.transactions.instants import instant_of

if TYPE_CHECKING:
    import pyarrow as pa
    from types_aiobotocore_dynamodb import DynamoDBClient

T = TypeVar("T")
OBJECTS, ROWS = 5, 4


class EndError(Exception):
    """The process ended here."""


async def at_once(_: str, call: Callable[[], Awaitable[T]]) -> T:
    return await call()


@dataclass
class Lake:
    """A bucket with some objects, an hour apart, and the table in which consumers keep how far they are."""

    store: ObjectStore
    dynamodb: "DynamoDBClient"
    table: str
    records: dict[str, list[StreamRecord]] = field(default_factory=dict)

    async def add(self, hour: int) -> str:
        """Put an object of some records that arrived in an hour."""
        first, at = hour * ROWS + 1, ARRIVED_AT + timedelta(hours=hour)
        found = [
            StreamRecord(encoded(transaction_id=transaction_id(n)).data, position(n), at)
            for n in range(first, first + ROWS)
        ]
        key = range_key(found[0].position, instant_of(at))
        assert await self.store.put_if_absent(key, parquet_of(table_of(found)), {})
        self.records[key] = found
        return key

    def progress(self, consumer: str) -> ConsumerProgress:
        return ConsumerProgress(self.dynamodb, self.table, consumer)

    async def prepared(self, consumer: str) -> ConsumerProgress:
        """The progress of a consumer that is to read all there is."""
        progress = self.progress(consumer)
        await progress.add(await raw_hours(self.store))
        return progress


@dataclass
class Memory:
    """A sink that keeps what it took, and may end in the middle of an object."""

    ends_in: str = ""
    took: list[tuple[str, list[list[StreamRecord]]]] = field(default_factory=list)

    async def take(self, key: str, tables: "AsyncIterator[pa.Table]") -> None:
        slices: list[list[StreamRecord]] = []
        async for table in tables:
            slices.append(list(arrived_of(table)))
            if key == self.ends_in:
                raise EndError
        self.took.append((key, slices))

    @property
    def keys(self) -> list[str]:
        return [key for key, _ in self.took]

    @property
    def records(self) -> dict[str, list[StreamRecord]]:
        return {key: [record for rows in slices for record in rows] for key, slices in self.took}


@pytest.fixture
async def lake(settings: Settings) -> AsyncIterator[Lake]:
    settings = settings.model_copy(update={"index_generation": 2})
    aws = Aws(settings)
    async with aws.dynamodb() as dynamodb, aws.s3() as s3, aws.lake() as store:
        await s3.create_bucket(Bucket=settings.lake_bucket)
        await bootstrap_generation(dynamodb, settings, origin="LAKE", from_lake=True)
        lake = Lake(store, dynamodb, TableNames.of(settings).lake_progress)
        for hour in range(OBJECTS):
            await lake.add(hour)
        yield lake


def reader(lake: Lake, progress: ConsumerProgress, sink: Memory) -> LakeReader:
    return LakeReader(lake.store, progress, sink, at_once, rows_max=3)


async def test_each_consumer_gets_every_object_once(lake: Lake) -> None:
    """In slices, in the order of the names, whatever another consumer has read."""
    for consumer in ("warehouse", INDEX_REBUILD, "training"):
        sink = Memory()
        await reader(lake, await lake.prepared(consumer), sink).run()
        assert sink.keys == sorted(lake.records)
        assert sink.records == lake.records
        assert {max(map(len, slices)) for _, slices in sink.took} == {3}
    assert all(part.complete for part in await lake.progress("training").parts())


async def test_processes_of_one_consumer_share_the_parts(lake: Lake) -> None:
    """Together they take everything; one part twice at worst, when one helps another at the end."""
    progress = await lake.prepared("warehouse")
    sinks = [Memory() for _ in range(3)]
    await asyncio.gather(*(reader(lake, progress, sink).run() for sink in sinks))
    assert {key for sink in sinks for key in sink.keys} == lake.records.keys()
    assert all(part.complete for part in await progress.parts())


async def test_a_successor_goes_on_at_the_object_where_a_process_ended(lake: Lake) -> None:
    """It gets that object whole, and none that was done before."""
    third = sorted(lake.records)[2]
    progress, ended, successor = await lake.prepared("warehouse"), Memory(ends_in=third), Memory()
    with pytest.raises(EndError):
        await reader(lake, progress, ended).run()
    await reader(lake, progress, successor).run()
    assert sorted(ended.keys + successor.keys) == sorted(lake.records)
    assert successor.records[third] == lake.records[third]


async def test_a_later_hour_is_read_and_nothing_else_again(lake: Lake) -> None:
    """A consumer that comes again and again adds the hours that are new."""
    progress, first, second = await lake.prepared("warehouse"), Memory(), Memory()
    await reader(lake, progress, first).run()
    later = await lake.add(OBJECTS)
    await progress.add(await raw_hours(lake.store))
    await reader(lake, progress, second).run()
    assert second.keys == [later]


async def test_objects_that_are_no_rows_go_where_the_consumer_says(lake: Lake) -> None:
    """What it cannot read is noted on the part, and the rest of the part is read."""
    for name in ("a", "b"):
        await lake.store.put_if_absent(f"other/{name}", name.encode(), {})
    progress = lake.progress("warehouse")
    await progress.add(["other/"])
    with pytest.raises(ValueError, match="reads no objects like other/a"):
        await reader(lake, progress, Memory()).run()
    took: list[tuple[str, bytes]] = []

    async def other(key: str, data: bytes) -> bool:
        took.append((key, data))
        return data != b"a"

    await LakeReader(lake.store, progress, Memory(), at_once, other=other).run()
    assert took == [("other/a", b"a"), ("other/b", b"b")]
    assert await progress.parts() == [Part("other/", claimed=True, complete=True, unreadable=True)]


async def test_every_call_goes_through_the_retry_of_whoever_reads(lake: Lake) -> None:
    """The sink alone is called without: it knows what may be repeated."""
    progress, sink, asked = await lake.prepared("warehouse"), Memory(), list[str]()

    async def counted(what: str, call: Callable[[], Awaitable[T]]) -> T:
        asked.append(what)
        return await call()

    await LakeReader(lake.store, progress, sink, counted).run()
    assert sink.records == lake.records
    # A claim, where it is done to, the object's end and the part's end; and the parts, before each and at the end.
    assert {what: asked.count(what) for what in asked} == {
        "lake parts": OBJECTS + 1,
        "lake part": 4 * OBJECTS,
        "list lake": OBJECTS,
        "read object": OBJECTS,
    }


async def test_rows_of_a_running_rebuild_stay_readable(lake: Lake) -> None:
    """As versions before consumers had names wrote them; no other consumer takes them for its own."""
    done, left = f"{RAW_PREFIX}dt=2026-01-01/hr=00/", f"{RAW_PREFIX}dt=2026-01-01/hr=01/"
    for item in (
        {"part": {"S": "#snapshot"}, "checkpoints": {"M": {}}, "listed": {"BOOL": True}},
        {"part": {"S": done}, "claimed": {"BOOL": True}, "complete": {"BOOL": True}},
        {"part": {"S": left}, "claimed": {"BOOL": True}, "done_to": {"S": f"{left}x"}},
    ):
        await lake.dynamodb.put_item(TableName=lake.table, Item=item)  # type: ignore[arg-type]
    await lake.progress("warehouse").add([left])
    index = lake.progress(INDEX_REBUILD)
    assert await index.listed()
    assert await index.parts() == [Part(done, claimed=True, complete=True), Part(left, claimed=True)]
    assert await index.done_to(Part(left)) == f"{left}x"
    assert await lake.progress("warehouse").parts() == [Part(left)]
    assert await lake.progress("warehouse").done_to(Part(left)) == ""
    assert not await lake.progress("training").listed()


async def test_a_consumer_needs_a_name_of_its_own(lake: Lake) -> None:
    for name in ("", "a:b"):
        with pytest.raises(ValueError, match="a consumer of the lake has a name"):
            lake.progress(name)
