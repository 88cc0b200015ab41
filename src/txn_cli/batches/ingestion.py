"""One file taken in: known by its content, held, uploaded through the API, and receipted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from os import getpid
from secrets import token_hex
from socket import gethostname

from ingest.api_client.client import ApiClient
from ingest.api_client.retry import RetryPolicy
from ingest.batches.batch_ids import BatchKey, Sha256
from ingest.batches.batch_receipt import BatchReceipt, receipt_address, receipt_key
from ingest.batches.batch_upload import upload_batch
from ingest.batches.hold import Hold
from ingest.batches.key_accounts import account_of
from ingest.batches.receipt_store import ReceiptStore, StoredReceipt
from ingest.files.shown_names import shown_name
from ingest.files.source import Source
from ingest.layouts.reading_options import Reading
from ingest.layouts.rejection import Rejection
from ingest.upload.delivery import BulkDelivery
from ingest.upload.totals import LoadTotals
from operations.patience import briefly
from txn_cli.api_client.target import Target
from txn_cli.batches.file_content import FileContent, opened_file
from txn_cli.load.summary import LoadSummary
from txn_cli.output.meter import Meter
from txn_core.api_keys import ApiKeyTable
from txn_core.aws.clients import Aws
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.dynamodb.tables import TableNames
from txn_core.exceptions import StoreError
from txn_core.settings import Settings
from txn_core.transactions.identity import Account
from txn_core.transactions.instants import now

WAIT_SLACK_S = 5.0
LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of a file.

    Attributes:
        receipt: of all its rows, durable.
        sha256: the digest of its bytes.
        where: the address of the receipt.
        again: whether the batch was done before, so that nothing was sent.
        sent: how many rows this run has settled.
        written_at: when the receipt was written, by the clock of S3.
    """

    receipt: BatchReceipt
    sha256: Sha256
    where: str
    again: bool
    sent: int
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Ingestion:
    """Takes in files for one command."""

    settings: Settings
    target: Target
    meter: Meter

    async def take_in_file(self, name: str, reading: Reading, particulars: str, *, again: bool) -> Ingested:
        """Settle every row of a file, from where an earlier run has come to.

        `particulars` say how the file is to be read, where that was said; they make it another batch.

        Raises:
            SourceError: the file cannot be opened.
            UndeliveredError: the outcome of some rows stayed unknown; the receipt says of how many.
            StoreError: another process works on it.
            TxnError: the API, or the lake, refuses us.
        """
        batch_key, aws = BatchKey.of(self.settings), Aws(self.settings)
        async with (
            ApiClient.connect(self.target.url, self.target.api_key) as client,
            aws.s3() as s3,
            aws.dynamodb() as dynamodb,
        ):
            await client.reach()
            keys = ApiKeyTable(dynamodb, TableNames.of(self.settings).api_keys)
            account = await briefly("api key", partial(account_of, keys, self.target.api_key))
            lake = VersionedObjects(s3, self.settings.lake_bucket)
            receipts = ReceiptStore(lake, briefly)
            async with opened_file(name, reading, s3) as content:
                fresh = _fresh(batch_key, account, name, content, particulars)
                taken = await self._taken(receipts, fresh, again=again)
                before = taken.receipt.totals.read
                receipt = taken.receipt
                if isinstance(taken, Hold):
                    receipt = await self._upload(taken, client, content.source)
            found = await briefly("receipt", partial(lake.find, receipt_key(receipt.account, receipt.batch)))
        if found is None:
            raise StoreError("the receipt was removed as soon as it was written: who does that?")
        return Ingested(
            receipt=receipt,
            sha256=content.sha256,
            where=receipt_address(self.settings.lake_bucket, receipt),
            again=isinstance(taken, StoredReceipt),
            sent=receipt.totals.read - before,
            written_at=found.changed_at,
        )

    async def _taken(self, receipts: ReceiptStore, fresh: BatchReceipt, *, again: bool) -> Hold | StoredReceipt:
        """The hold on a batch once a process that has ended is known to have, or the receipt of one that is done."""
        loop, takeover_s = asyncio.get_running_loop(), self.settings.ingest_takeover_s
        owner = f"{gethostname()}:{getpid()}:{token_hex(4)}"
        deadline_s, beat = loop.time() + takeover_s + WAIT_SLACK_S, None
        while True:
            taken = await Hold.take(receipts, fresh, owner, takeover_s=takeover_s, again=again)
            if isinstance(taken, Hold) or taken.receipt.state == "done":
                return taken
            if beat not in {None, taken.receipt.beat} or loop.time() > deadline_s:
                raise StoreError(
                    f"another process takes this file in: `txn ingest status {fresh.batch}` says how far it is"
                )
            beat = taken.receipt.beat
            self.meter.show(None, "an earlier run has not let this file go: waiting for its hold to end")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _upload(self, hold: Hold, client: ApiClient, source: Source) -> BatchReceipt:
        summary = LoadSummary(self.meter, rejects=None)
        if hold.receipt.totals.read:
            self.meter.say(f"Going on after {hold.receipt.totals.read:,} rows that an earlier run has settled")

        def progress(totals: LoadTotals, rejections: Sequence[Rejection]) -> None:
            summary.progress(totals, source.fraction, rejections)

        async with hold:
            delivery = BulkDelivery(client, RetryPolicy(notice=self.meter.say))
            return await upload_batch(hold, source, delivery, progress)


def _fresh(batch_key: BatchKey, account: Account, name: str, content: FileContent, particulars: str) -> BatchReceipt:
    batch = batch_key.batch_id(account, content.sha256, particulars)
    sealed = batch_key.seal(content.sha256, batch)
    return BatchReceipt(batch, account, shown_name(name), content.size, sealed, started_at=now())
