"""The load itself: rows in, chunk by chunk through a delivery, totals out."""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace

from ingest.layouts.read_rows import DamagedRow, Row, SoundRow
from ingest.layouts.rejection import Rejection
from ingest.upload.delivery import Delivered, Delivery
from ingest.upload.feed import LINGER_S, RowFeed
from ingest.upload.totals import LoadTotals

# Told after each chunk: the totals so far, and the rejections that the chunk added, in the order of lines.
OnSettled = Callable[[LoadTotals, Sequence[Rejection]], None]


async def load_rows(
    rows: Iterable[Row],
    delivery: Delivery,
    *,
    before: LoadTotals | None = None,
    on_settled: OnSettled = lambda _totals, _rejections: None,
    linger_s: float = LINGER_S,
) -> LoadTotals:
    """Deliver every sound row and count every row, with at most two chunks in memory.

    `before` are the totals of an earlier part of the same load. Rows that come slowly are sent after `linger_s`
    seconds at the latest. When this returns, each row was accepted or rejected.

    Raises:
        UndeliveredError: the outcome of some rows is unknown; `on_settled` has told of all chunks before them.
        TxnError: the service refuses us, or the rows cannot be read on.
    """
    totals = before or LoadTotals()
    began = time.monotonic() - totals.seconds
    feed = RowFeed(rows, chunk_rows=delivery.rows_max, linger_s=linger_s)
    async with aclosing(feed.chunks()) as chunks:
        async for chunk in chunks:
            rejections, receipts = await _settle(chunk, delivery)
            rejected = len({rejection.line for rejection in rejections})
            totals = totals.plus(
                accepted=len(chunk) - rejected,
                rejected=rejected,
                seconds=time.monotonic() - began,
                receipts=receipts,
                faults=rejections,
            )
            on_settled(totals, rejections)
    return replace(totals, seconds=time.monotonic() - began)


async def _settle(chunk: Sequence[Row], delivery: Delivery) -> tuple[Sequence[Rejection], Sequence[str]]:
    """Deliver a chunk's sound rows; the rejections of all its rows in the order of lines, and the receipts."""
    sound = [row for row in chunk if isinstance(row, SoundRow)]
    delivered = await delivery.deliver(sound) if sound else Delivered()
    faults = [fault for row in chunk if isinstance(row, DamagedRow) for fault in row.faults]
    return sorted((*delivered.rejections, *faults), key=lambda rejection: rejection.line), delivered.receipts
