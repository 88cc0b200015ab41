"""The upload of a batch under a hold: its rows, from the first one that is not settled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from ingest.batches.batch_receipt import BatchReceipt
from ingest.batches.hold import Hold, TooManyRejectsError
from ingest.files.file_errors import SourceError
from ingest.files.source import Source
from ingest.layouts.layout_errors import LayoutError
from ingest.layouts.read_rows import SoundRow
from ingest.layouts.rejection import Rejection
from ingest.upload.delivery import Delivered, Delivery, UndeliveredError
from ingest.upload.loader import load_rows
from ingest.upload.totals import LoadTotals
from txn_core.exceptions import TxnError

THE_FILE: Final = "the file"
"""The name of a batch's source. What is said of it goes into the receipt, where the name of a file may not stand."""

OnBatchProgress = Callable[[LoadTotals, Sequence[Rejection]], None]


class NotSentError(TxnError):
    """A delivery has sent nothing of a chunk, and will not."""


@dataclass(frozen=True, slots=True)
class HeldDelivery:
    """A delivery that hands over no chunk of a batch which is not surely held."""

    delivery: Delivery
    hold: Hold

    @property
    def rows_max(self) -> int:
        """How many rows are best handed over at once."""
        return self.delivery.rows_max

    async def deliver(self, rows: Sequence[SoundRow]) -> Delivered:
        """Settle every row.

        Raises:
            HoldLostError: the batch is another process's.
            UndeliveredError, TxnError: as the delivery raises them.
        """
        await self.hold.secure()
        self.hold.unsettled(len(rows))  # also where something else than doubt ends the chunk, such as Ctrl-C
        try:
            return await self.delivery.deliver(rows)
        except UndeliveredError as error:
            self.hold.unsettled(error.rows)
            raise
        except NotSentError:
            self.hold.unsettled(0)
            raise


async def upload_batch(
    hold: Hold, source: Source, delivery: Delivery, on_progress: OnBatchProgress = lambda _totals, _rejections: None
) -> BatchReceipt:
    """Upload what is left of a batch; its durable receipt, `done` or `failed`.

    A file that is damaged, of no layout or full of rejects makes a batch that has failed; rows before the damage are
    settled. Anything else that goes wrong is raised, and the batch stays open.

    Raises:
        UndeliveredError: the outcome of some rows stayed unknown.
        HoldLostError: another process has taken the batch over.
        TxnError: the API refuses us, or the file cannot be read just now.
    """

    def settled(totals: LoadTotals, rejections: Sequence[Rejection]) -> None:
        hold.settled(totals, rejections)
        on_progress(totals, rejections)

    before = hold.receipt.totals
    source.on_recognised = lambda layout, _absent: hold.recognised(layout)
    rows = islice(source.rows(), before.read, None)
    try:
        await load_rows(rows, HeldDelivery(delivery, hold), before=before, on_settled=settled)
    except (SourceError, LayoutError, TooManyRejectsError) as error:
        return await hold.end(failure=str(error))
    return await hold.end()
