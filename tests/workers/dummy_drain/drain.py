"""The third drain: notes the bytes at each position of the stream in a table of its own."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.workers.dummy_drain import DUMMY
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.positions import Position
from workers.context import DrainContext
from workers.drain import Cursor, Drain
from workers.leases.ledger import Tally, tally_of
from workers.metrics import ShardLag
from workers.reading.reader import Batch


def key_of(place: Position) -> dict[str, Any]:
    """The key of a row."""
    return {"position": {"S": f"{place.shard_id}/{place.sequence_number}/{place.sub_sequence_number}"}}


@dataclass(frozen=True, slots=True)
class Dummy:
    """The table as one process writes it."""

    context: DrainContext

    @property
    def table(self) -> str:
        """The name of the table."""
        return self.context.names.of_drain(DUMMY.name, DUMMY.tables[0].name)

    async def reach(self) -> None:
        """Return when the table answers."""
        await self.context.dynamodb.describe_table(TableName=self.table)

    async def write(self, record: StreamRecord) -> None:
        """Put one row; again, it is the same row."""
        item = key_of(record.position) | {"data": {"B": record.data}}
        await self.context.dynamodb.put_item(TableName=self.table, Item=item)


class DummyProcessor:
    """Writes what it takes, and checkpoints when it is told to or the tip is reached."""

    def __init__(self, dummy: Dummy, cursor: Cursor, lag: ShardLag) -> None:
        self._dummy, self._cursor, self._lag = dummy, cursor, lag
        self._last: StreamRecord | None = None
        self._tally = Tally()

    async def take(self, batch: Batch) -> None:
        self._lag.has_read(batch)
        for record in batch.records:
            await self._dummy.write(record)
            self._last = record
        self._tally += tally_of(batch.records)
        self._dummy.context.metrics.records.inc(len(batch.records))
        if batch.at_tip:
            await self.finish()
            self._lag.at_tip()

    async def finish(self) -> None:
        if (last := self._last) is not None:
            await self._dummy.context.checkpointer.advance(self._cursor, last.position, self._tally)
            self._last, self._tally = None, Tally()

    def abandon(self) -> None: ...


async def open_dummy(context: DrainContext) -> Drain:
    """The drain as the registry names it."""
    dummy = Dummy(context)
    return Drain(partial(DummyProcessor, dummy), {"sink": dummy.reach})
