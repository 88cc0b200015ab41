"""The receipts of batches as an operator reads them: with their address and the digest that is sealed in them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ingest.batches.batch_ids import BatchId, BatchKey, Sha256
from ingest.batches.batch_receipt import BatchReceipt, receipt_address
from ingest.batches.receipt_store import ReceiptStore
from ingest.layouts.rejection import Rejection
from txn_cli.patience import briefly
from txn_core.aws.clients import Aws
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.exceptions import StoreError
from txn_core.settings import Settings


@dataclass(frozen=True, slots=True)
class ShownReceipt:
    """A receipt, its address, and the digest of its file; None without the key that seals it."""

    receipt: BatchReceipt
    where: str
    sha256: Sha256 | None


@dataclass(frozen=True, slots=True)
class ReceiptBook:
    """The receipts of one lake."""

    settings: Settings

    async def of_batch(self, batch: BatchId) -> tuple[ShownReceipt, list[Rejection]]:
        """The receipt of a batch, and its rejections.

        Raises:
            StoreError: there is none.
        """
        async with self._opened() as receipts:
            if (found := await receipts.of_batch(batch)) is None:
                raise StoreError(f"no batch {batch} is known here: `txn ingest status` lists the latest ones")
            return self._shown(found.receipt), await receipts.report(found.receipt)

    async def latest(self, count: int) -> list[ShownReceipt]:
        """The receipts that were written last, the last one first."""
        async with self._opened() as receipts:
            return [self._shown(each.receipt) for each in await receipts.latest(count)]

    def _shown(self, receipt: BatchReceipt) -> ShownReceipt:
        has_key = self.settings.ingest_key is not None
        sha256 = BatchKey.of(self.settings).open(receipt.sealed_sha256, receipt.batch) if has_key else None
        return ShownReceipt(receipt, receipt_address(self.settings.lake_bucket, receipt), sha256)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[ReceiptStore]:
        async with Aws(self.settings).s3() as s3:
            yield ReceiptStore(VersionedObjects(s3, self.settings.lake_bucket), briefly)
