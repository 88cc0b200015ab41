"""The index worker: puts each transaction into DynamoDB once, the first write of an id winning.

First is by `WriteOrder`, not by who comes first here, and each write is conditional, so that any number of workers,
repeats and replays end in the same table. A later write of other content under the same id is a conflict: it goes
to the dead letters and is noted on the transaction.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from botocore.exceptions import ClientError

from txn_core.aws.errors import code_of
from txn_core.dynamodb.conflict_contents import CONTENTS_MAX, is_kept
from txn_core.dynamodb.merchants import MerchantTable
from txn_core.dynamodb.refusals import may_be_the_item
from txn_core.dynamodb.transactions import CONFLICTS_MAX, OTHERS_MAX, IndexItem, StoredTransaction, TransactionTable
from txn_core.exceptions import EventError
from txn_core.kinesis.record_batch import RecordBatch, StreamRecord
from txn_core.positions import Position, WriteOrder
from txn_core.tracing.span_table import RECORDS, SpanName
from txn_core.tracing.spans import span
from txn_core.transactions.event import Event, content_digests
from workers.drain import Cursor
from workers.events.dead_letters import DeadLetterBox
from workers.events.decoding import decode
from workers.events.undecodable import SettingApart
from workers.events.write_probe import IndexWriteProbe
from workers.index.card_ids import CardIds
from workers.index.merchant_memory import MerchantMemory
from workers.index.precedence import Relation, relate, supersede
from workers.leases.checkpointing import Checkpointer
from workers.leases.ledger import Tally, prefix_within_span, tally_of
from workers.metrics import ShardLag, WorkerMetrics
from workers.reading.reader import Batch
from workers.retries import UNLIMITED, Patience, retry_outages

T = TypeVar("T")

CHECKPOINT_S: Final = 0.5
# Between two answers of the table the processor's caches lose all that reading an event takes: read in a row, each
# event costs a third of what it costs by itself.
TAKEN_IN_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A record that is an event, and the item that it is to be."""

    record: StreamRecord
    event: Event
    item: IndexItem


@dataclass(frozen=True, slots=True)
class _Undecodable:
    """A record that is none."""

    record: StreamRecord
    error: EventError


def _taken_in(records: Sequence[StreamRecord]) -> Iterator[_Decoded | _Undecodable]:
    """Records as they are to be written, some at a time."""
    for first in range(0, len(records), TAKEN_IN_AT_ONCE):
        yield from [_decode(record) for record in records[first : first + TAKEN_IN_AT_ONCE]]


def _decode(record: StreamRecord) -> _Decoded | _Undecodable:
    try:
        sound = decode(record)
    except EventError as error:
        return _Undecodable(record, error)
    order = WriteOrder.of(sound.event.accepted_at, record.position)
    return _Decoded(record, sound.event, IndexItem.of(sound.event, sound.arrived.data, order))


class IndexMetrics:
    """The counts of one process of the index."""

    def __init__(self, metrics: WorkerMetrics) -> None:
        self.replays = metrics.counter("replays", "Events indexed by the very same position")
        self.duplicates = metrics.counter("duplicates", "Ids sent again with the same content")
        self.conflicts = metrics.counter("conflicts", "Ids sent again with other content")
        self.over = metrics.counter("events_over", "Events not indexed, since their kept days were over")


@dataclass(frozen=True, slots=True)
class Index:
    """The index as one worker process writes it; `slots` bounds the writes of all its shards together."""

    transactions: TransactionTable
    merchants: MerchantTable
    dead_letters: DeadLetterBox
    metrics: WorkerMetrics
    counts: IndexMetrics
    memory: MerchantMemory
    cards: CardIds
    checkpointer: Checkpointer
    slots: asyncio.Semaphore
    writes_max: int
    patience: Patience = UNLIMITED

    async def write_all(self, records: Sequence[StreamRecord]) -> None:
        """Write records; all are durable on return. Others' writes share the slots in turn."""
        await self._ask(self.transactions.renew_layout)
        waiting, apart = _taken_in(records), SettingApart(self.dead_letters, RecordBatch.of(records))
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(self.writes_max, len(records))):
                workers.create_task(self._work_off(waiting, apart))

    async def _work_off(self, waiting: Iterator[_Decoded | _Undecodable], apart: SettingApart) -> None:
        for taken in waiting:
            async with self.slots:
                await self._write(taken, apart)

    async def write(self, record: StreamRecord) -> None:
        """Write one record: to the index, or to the dead letters when it is no event or refused for good."""
        await self._write(_decode(record), SettingApart(self.dead_letters, RecordBatch.of([record])))

    async def _write(self, taken: _Decoded | _Undecodable, apart: SettingApart) -> None:
        if isinstance(taken, _Undecodable):
            await apart.keep(taken.record, taken.error)
            return
        event, item = taken.event, taken.item
        if self.transactions.is_over(item):
            self.counts.over.inc()
            return
        try:
            await self._lead_to(event, item.order, self.transactions.until(item))
            await self._settle(item)
        except ClientError as error:
            trial = IndexWriteProbe(self.transactions, self.merchants, self.patience)
            if not may_be_the_item(error) or not await trial.refused_alone(event, item.event.encode(), item.order):
                raise
            await self.dead_letters.unwritable(taken.record, code_of(error))

    async def _lead_to(self, event: Event, order: WriteOrder, expires_at: int | None) -> None:
        """Keep what leads to a transaction, its merchant's name and the other ids of its card, for so long."""
        await self._name_merchant(event, order, expires_at)
        await self.cards.note(event, expires_at)

    async def _name_merchant(self, event: Event, order: WriteOrder, expires_at: int | None) -> None:
        if self.memory.knows(event.account, event.merchant_id, order, expires_at):
            return
        await retry_outages(
            "merchant",
            lambda: self.merchants.put_first(
                event.account, event.merchant_id, event.merchant.name, order, expires_at
            ),
            until=self.patience,
        )
        self.memory.remember(event.account, event.merchant_id, order, expires_at)

    async def _settle(self, item: IndexItem) -> None:
        """Put a transaction, or find its place beside the one that has its id; a lost race is run again."""
        while not await self._ask(lambda: self.transactions.put_if_absent(item)):
            stored = await self._ask(
                lambda: self.transactions.get(item.account, item.transaction_id, at=item.accepted_at)
            )
            if stored is None:  # it was over when this one was accepted, or was removed meanwhile
                if await self._ask(lambda: self.transactions.put_if_over(item)):
                    return
            elif await self._resolve(relate(stored, item), item, stored):
                return

    async def _resolve(self, verdict: Relation, item: IndexItem, stored: StoredTransaction) -> bool:
        """Carry out a verdict; false when the stored transaction has changed meanwhile.

        Dead letters are written before the table: after a crash in between, the replay finds the same verdict.
        """
        match verdict:
            case Relation.REPLAY:
                self.counts.replays.inc()
                return True
            case Relation.DUPLICATE:
                return await self._note(item, stored, conflict=False)
            case Relation.CONFLICT:
                await self.dead_letters.conflict(item.order, item.event.encode())
                return await self._note(item, stored, conflict=True)
            case Relation.EARLIER_DUPLICATE | Relation.EARLIER_CONFLICT:
                return await self._supersede(item, stored)

    async def _note(self, item: IndexItem, stored: StoredTransaction, *, conflict: bool) -> bool:
        await self._keep_longer(item, stored)
        shown = conflict and len(stored.conflicts) < CONFLICTS_MAX
        other = content_digests(item.event) if len(stored.others) < OTHERS_MAX else None
        content = shown and len(stored.contents) < CONTENTS_MAX and is_kept(item.event, beside=stored.event)
        noted = not (shown or other) or await self._ask(
            lambda: self.transactions.note(item, seen=stored.order, conflict=shown, other=other, content=content)
        )
        if noted:
            (self.counts.conflicts if conflict else self.counts.duplicates).inc()
        return noted

    async def _keep_longer(self, item: IndexItem, stored: StoredTransaction) -> None:
        """Let a transaction live as long as a later write of its id would, and before that what leads to it."""
        until_s = self.transactions.until(item, stored)
        if until_s != stored.expires_at:
            await self._lead_to(Event.decode(stored.event), stored.order, until_s)
            await self._ask(lambda: self.transactions.keep_longer(item, seen=stored))

    async def _supersede(self, item: IndexItem, stored: StoredTransaction) -> bool:
        after = supersede(stored, item)
        if (until_s := self.transactions.until(item, stored)) != self.transactions.until(item):
            await self._lead_to(Event.decode(item.event), item.order, until_s)
        for order, data in after.contradicting:
            await self.dead_letters.conflict(order, data)
        replaced = await self._ask(
            lambda: self.transactions.replace(
                item, seen=stored, conflicts=after.conflicts, others=after.others, contents=after.contents
            )
        )
        if replaced and after.contradicting:
            self.counts.conflicts.inc(len(after.contradicting))
        elif replaced:
            self.counts.duplicates.inc()
        return replaced

    async def _ask(self, call: Callable[[], Awaitable[T]]) -> T:
        return await retry_outages("index", call, until=self.patience)


class IndexProcessor:
    """Drains one shard into the index. The checkpoint follows the writes, at most `CHECKPOINT_S` behind."""

    def __init__(self, index: Index, cursor: Cursor, lag: ShardLag) -> None:
        self._index, self._cursor, self._lag = index, cursor, lag
        self._done: Position | None = None
        self._tally = Tally()
        self._checkpointed_s = time.monotonic()

    async def take(self, batch: Batch) -> None:
        """Write a batch, and checkpoint when it is time or the tip is reached."""
        self._lag.has_read(batch)
        records = batch.records
        while records:
            count = prefix_within_span(records)
            self._lag.pending = len(records)
            await self._write(records[:count])
            if records := records[count:]:
                await self.finish()
        self._lag.pending = 0
        if batch.at_tip:
            self._lag.at_tip()
        if batch.at_tip or time.monotonic() - self._checkpointed_s >= CHECKPOINT_S:
            await self.finish()

    async def _write(self, records: Sequence[StreamRecord]) -> None:
        metrics = self._index.metrics
        metrics.flush_records.observe(len(records))
        with metrics.flush_seconds.time(), span(SpanName.DYNAMODB_WRITE) as current:
            current.set(RECORDS, len(records))
            await self._index.write_all(records)
        metrics.records.inc(len(records))
        self._tally += tally_of(records)
        self._done = records[-1].position
        self._lag.durable_to(records[-1].arrived_at)

    async def finish(self) -> None:
        """Checkpoint everything that was taken."""
        if self._done is not None:
            await self._index.checkpointer.advance(self._cursor, self._done, self._tally)
            self._done, self._tally, self._checkpointed_s = None, Tally(), time.monotonic()

    def abandon(self) -> None:
        """Nothing is kept that would have to be freed."""
