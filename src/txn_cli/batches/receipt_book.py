"""The receipts of batches as an operator reads them: with their address and the digest that is sealed in them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ingest.batches.batch_ids import BatchId, BatchKey, Sha256
from ingest.batches.batch_receipt import BatchReceipt, DamagedReceiptError, receipt_address
from ingest.batches.receipt_store import ReceiptStore, StoredReceipt
from ingest.layouts.rejection import Rejection
from operations.patience import briefly
from txn_core.aws.clients import Aws
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.exceptions import StoreError
from txn_core.settings import Settings


@dataclass(frozen=True, slots=True)
class ShownReceipt:
    """A receipt as it is shown.

    Attributes:
        where: its address.
        sha256: the digest of its file; None without the key that seals it.
        age_s: how long ago the receipt was written, by the clock of S3.
        is_silent: whether a process holds the batch that has not written for longer than one that lives would take.
    """

    receipt: BatchReceipt
    where: str
    sha256: Sha256 | None
    age_s: float = 0.0
    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptBook:
    """The receipts of one lake."""

    settings: Settings

    async def of_batch(self, batch: BatchId) -> tuple[ShownReceipt, list[Rejection] | DamagedReceiptError]:
        """The receipt of a batch, and its rejections, or that they cannot be read.

        Raises:
            StoreError: there is none, or it is damaged.
        """
        async with self._opened() as receipts:
            if (found := await receipts.of_batch(batch)) is None:
                raise StoreError(f"no batch {batch} is known here: `txn ingest status` lists the latest ones")
            try:
                return self._shown(found), await receipts.report(found.receipt)
            except DamagedReceiptError as error:
                return self._shown(found), error

    async def latest(self, count: int) -> tuple[list[ShownReceipt], list[DamagedReceiptError]]:
        """The receipts that were written last, the last one first; and which of them cannot be read."""
        async with self._opened() as receipts:
            found, damaged = await receipts.latest(count)
            return [self._shown(each) for each in found], damaged

    def _shown(self, found: StoredReceipt) -> ShownReceipt:
        receipt, has_key = found.receipt, self.settings.ingest_key is not None
        is_silent = found.is_silent(self.settings.ingest_takeover_s)
        sha256 = BatchKey.of(self.settings).open(receipt.sealed_sha256, receipt.batch) if has_key else None
        where = receipt_address(self.settings.lake_bucket, receipt)
        return ShownReceipt(receipt, where, sha256, found.age_s, is_silent)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[ReceiptStore]:
        async with Aws(self.settings).s3() as s3:
            yield ReceiptStore(VersionedObjects(s3, self.settings.lake_bucket), briefly)
