"""One file of the clients' bucket: known by its content, held, uploaded, and removed once its receipt is durable."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from ingest.api_client.client import ApiClient
from ingest.batches.batch_ids import BatchKey, Sha256
from ingest.batches.batch_receipt import BatchReceipt
from ingest.batches.batch_upload import THE_FILE, NotSentError, upload_batch
from ingest.batches.hold import Hold, HoldLostError
from ingest.batches.object_file import FileGoneError, ObjectContent
from ingest.batches.receipt_store import ReceiptStore, StoredReceipt
from ingest.files.shown_names import shown_name
from ingest.files.source import Source
from ingest.layouts.read_rows import SoundRow
from ingest.layouts.reading_options import Reading
from ingest.upload.delivery import BulkDelivery, Delivered, Delivery
from txn_core.aws.versioned_objects import ListedObject, VersionedObjects
from txn_core.transactions.identity import Account
from txn_core.transactions.instants import now
from workers.hosts.stopping import run_until
from workers.ingest.ingest_metrics import FileOutcome, IngestMetrics
from workers.retries import retry_outages

DIGESTS_MAX: Final = 1_000
"""Digests of files that are remembered, so that a file which has to wait is not read at each look."""


class StoppedError(NotSentError):
    """The process is to end; what is settled so far stands in the receipt."""


@dataclass(frozen=True, slots=True)
class StoppableDelivery:
    """A delivery that takes no further chunk once the process is to end."""

    delivery: Delivery
    stopping: asyncio.Event

    @property
    def rows_max(self) -> int:
        """How many rows are best handed over at once."""
        return self.delivery.rows_max

    async def deliver(self, rows: Sequence[SoundRow]) -> Delivered:
        """Settle every row.

        Raises:
            StoppedError: the process is to end.
            UndeliveredError, TxnError: as the delivery raises them.
        """
        if self.stopping.is_set():
            raise StoppedError("stopped")
        return await self.delivery.deliver(rows)


@dataclass(frozen=True, slots=True)
class FileIngest:
    """Takes in files, one a call, for one process."""

    bucket: VersionedObjects
    receipts: ReceiptStore
    batch_key: BatchKey
    owner: str
    takeover_s: float
    metrics: IngestMetrics
    _digests: dict[ListedObject, Sha256] = field(default_factory=dict)

    async def take_in_file(
        self, account: Account, client: ApiClient, file: ListedObject, stopping: asyncio.Event
    ) -> FileOutcome:
        """Settle every row of a file and remove the file, unless another process is at it.

        Raises:
            FileGoneError: the file was replaced or removed; nothing of it was sent, or its batch has failed.
            UndeliveredError: the outcome of some rows stayed unknown. The file stays.
            TxnError: the API refuses us, or S3 does. The file stays.
        """
        content = ObjectContent(self.bucket, file, retry_outages)
        if (sha256 := await self._digest(file, content, stopping)) is None:
            return "stopped"
        taken = await Hold.take(
            self.receipts,
            self._fresh(account, file, sha256),
            f"{self.owner}:{secrets.token_hex(4)}",
            takeover_s=self.takeover_s,
            failed_rest_s=self.takeover_s,
        )
        if isinstance(taken, StoredReceipt):
            if taken.receipt.state != "done":
                return "busy"
            await self._remove(file)
            return "again"
        try:
            async with taken:
                receipt = await self._upload(taken, client, content, stopping)
        except HoldLostError:
            return "busy"
        except StoppedError:
            return "stopped"
        self.metrics.ended(receipt)
        await self._remove(file)
        return "done" if receipt.state == "done" else "failed"

    async def _digest(self, file: ListedObject, content: ObjectContent, stopping: asyncio.Event) -> Sha256 | None:
        """The digest of a file, read once; None when the process is to end."""
        if (known := self._digests.get(file)) is not None:
            return known
        if (found := await run_until(stopping, content.sha256())) is not None:
            if len(self._digests) >= DIGESTS_MAX:
                del self._digests[next(iter(self._digests))]
            self._digests[file] = found
        return found

    def _fresh(self, account: Account, file: ListedObject, sha256: Sha256) -> BatchReceipt:
        batch = self.batch_key.batch_id(account, sha256)
        name = shown_name(f"s3://{self.bucket.bucket}/{file.key}")
        return BatchReceipt(batch, account, name, file.size, self.batch_key.seal(sha256, batch), started_at=now())

    async def _upload(
        self, hold: Hold, client: ApiClient, content: ObjectContent, stopping: asyncio.Event
    ) -> BatchReceipt:
        delivery = StoppableDelivery(BulkDelivery(client), stopping)
        try:
            return await upload_batch(hold, Source(THE_FILE, content.opened(), content.size, Reading()), delivery)
        except FileGoneError as error:
            await hold.end(failure=str(error))
            raise

    async def _remove(self, file: ListedObject) -> None:
        """Remove the version that was read; one that came after it stays."""
        await retry_outages("removal of a file", partial(self.bucket.remove, file.key, file.etag))
