"""A span around each batch that a drain takes; the drain knows nothing of it, and without traces there is none."""

from txn_core.tracing import spans
from txn_core.tracing.span_table import DRAIN, RECORDS, SHARD, SpanName
from workers.drain import Cursor, MakeProcessor, Processor
from workers.metrics import ShardLag
from workers.reading.reader import Batch


def with_spans(make: MakeProcessor, drain: str) -> MakeProcessor:
    """What makes a drain's processors, with a span for each batch while traces are on."""

    def traced(cursor: Cursor, lag: ShardLag) -> Processor:
        return _TracedProcessor(make(cursor, lag), drain, cursor.row.shard_id)

    return make if spans.recorder is None else traced


class _TracedProcessor:
    """A processor, seen from outside."""

    def __init__(self, processor: Processor, drain: str, shard: str) -> None:
        self._processor, self._drain, self._shard = processor, drain, shard

    async def take(self, batch: Batch) -> None:
        """Take records in, in a span if there are some; after an empty batch, do what is due by time."""
        if not batch.records:
            await self._processor.take(batch)
            return
        with spans.span(SpanName.DRAIN_BATCH) as current:
            current.set(DRAIN, self._drain)
            current.set(SHARD, self._shard)
            current.set(RECORDS, len(batch.records))
            await self._processor.take(batch)

    async def finish(self) -> None:
        """Make durable and checkpoint all that was taken."""
        await self._processor.finish()

    def abandon(self) -> None:
        """Free what was taken."""
        self._processor.abandon()
