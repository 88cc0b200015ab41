"""The receipts in the bucket of the lake. Each write names the version that it replaces, so no two writers mix."""

import heapq
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from ingest.batches.batch_ids import BatchId
from ingest.batches.batch_receipt import BatchReceipt, DamagedReceiptError, named_by, receipt_key
from ingest.layouts.rejection import Rejection
from txn_core.aws.retry import Retry
from txn_core.aws.versioned_objects import ETag, VersionedObjects
from txn_core.lake.layout import RECEIPT_PREFIX
from txn_core.transactions.identity import Account

_WRITES_MAX: Final = 3
_NOT_YET: Final = "9"  # behind every moment


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """A receipt as it was read or written: its version, and how long ago it was written by the clock of S3."""

    receipt: BatchReceipt
    etag: ETag
    age_s: float = 0.0

    def is_silent(self, takeover_s: float) -> bool:
        """Whether a process holds the batch that has not written for so long that another one may take it over."""
        return self.receipt.is_worked_on and self.age_s >= takeover_s


class ReceiptStore:
    """The receipts of one lake."""

    def __init__(self, objects: VersionedObjects, retry: Retry) -> None:
        self._objects, self._retry = objects, retry

    async def reach(self) -> None:
        """Return when the lake is there.

        Raises:
            ClientError: it is not, or not for us.
        """
        await self._objects.reach()

    async def find(self, account: Account, batch: BatchId) -> StoredReceipt | None:
        """The receipt of a batch, or None.

        Raises:
            DamagedReceiptError: its object is no receipt.
        """
        return await self._load(receipt_key(account, batch))

    async def write(self, receipt: BatchReceipt, over: StoredReceipt | None, writer: str) -> StoredReceipt | None:
        """Write a receipt over the version that was read or written last, or where there was none.

        `writer` is the owner's name of one hold, whose writes come one after the other. So a version that bears it is
        an own write whose answer was lost, or not waited for. Gives None when another process was quicker.
        """
        key = receipt_key(receipt.account, receipt.batch)
        for _ in range(_WRITES_MAX):
            receipt = replace(receipt, beat=0 if over is None else over.receipt.beat + 1)
            version = None if over is None else over.etag
            put = partial(self._objects.write, key, receipt.to_json(), over=version)
            if (etag := await self._retry("receipt", put)) is not None:
                return StoredReceipt(receipt, etag)
            found = await self._load(key)
            if found is None or found.receipt == receipt:
                return found
            if found.receipt.owner != writer:
                return None
            over = found
        return None

    async def of_batch(self, batch: BatchId) -> StoredReceipt | None:
        """The receipt of a batch of any account, or None."""
        for account in await self.accounts():
            if (found := await self.find(account, batch)) is not None:
                return found
        return None

    async def latest(self, count: int) -> tuple[list[StoredReceipt], list[DamagedReceiptError]]:
        """The receipts that were written last, and which of them cannot be read.

        First those of open batches, then the others, the one that ended last first.
        """

        async def keys() -> list[str]:
            times = [
                (each.changed_at, each.key)
                async for each in self._objects.listed(RECEIPT_PREFIX)
                if named_by(each.key) is not None
            ]
            return [key for _, key in heapq.nlargest(count, times)]

        known: list[StoredReceipt] = []
        damaged: list[DamagedReceiptError] = []
        for key in await self._retry("receipts", keys):
            try:
                if (found := await self._load(key)) is not None:
                    known.append(found)
            except DamagedReceiptError as error:
                damaged.append(error)
        return sorted(known, key=lambda each: each.receipt.ended_at or _NOT_YET, reverse=True), damaged

    async def accounts(self) -> list[Account]:
        """The accounts that have receipts."""
        names = await self._retry("receipts", partial(self._objects.folders, RECEIPT_PREFIX))
        return [Account(name) for name in names]

    async def report(self, receipt: BatchReceipt) -> list[Rejection]:
        """The rejections of the rows that are settled; their messages are not kept.

        Raises:
            DamagedReceiptError: the object with them is not what was written.
        """
        if receipt.report is None:
            return []
        found = await self._retry("rejections", partial(self._objects.load, receipt.report))
        lines = b"" if found is None else found.body
        try:
            return [Rejection(**json.loads(line), message="") for line in lines.splitlines()[: receipt.reported]]
        except (ValueError, TypeError):
            raise DamagedReceiptError(receipt.report, "is damaged: its rejections are not known any more") from None

    async def put_report(self, key: str, rejections: Sequence[Rejection]) -> None:
        """Keep the rejections of a batch: a line each, with line, field and code."""
        await self._retry("rejections", partial(self._objects.put, key, b"".join(_lines(rejections))))

    async def _load(self, key: str) -> StoredReceipt | None:
        found = await self._retry("receipt", partial(self._objects.load, key))
        return None if found is None else StoredReceipt(BatchReceipt.of(found.body, key), found.etag, found.age_s)


def _lines(rejections: Iterable[Rejection]) -> Iterable[bytes]:
    for each in rejections:
        yield json.dumps({"line": each.line, "field": each.field, "code": each.code}).encode() + b"\n"
