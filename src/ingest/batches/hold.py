"""The hold on a batch: one process at a time works on it, and says how far it is in the receipt.

A process that holds a batch writes the receipt every few seconds. A receipt with an owner that stands still for
`takeover_s`, by the clock of S3, is taken over. Whoever has held it finds that out with the next write, which names
the version that it wrote last, and stops. Before each chunk of rows a holder makes sure that its last write is young;
a process that was frozen meanwhile may still end the chunk that it was in, whose rows keep their ids.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, Self

from ingest.batches.batch_receipt import BatchReceipt, DamagedReceiptError, State, report_key
from ingest.batches.receipt_store import ReceiptStore, StoredReceipt
from ingest.layouts.rejection import Rejection
from ingest.upload.totals import LoadTotals
from txn_core.exceptions import StoreError, TxnError
from txn_core.transactions.instants import now

REPORTED_MAX: Final = 10_000
"""Rejections that a report holds."""
REJECTED_MAX: Final = 10_000
"""Rejected rows that a batch may have. With more it has failed: the file is not what its layout says."""
RELEASE_S_MAX: Final = 5.0
_WRITES_A_TAKEOVER: Final = 6


class HoldLostError(TxnError):
    """Another process has taken the batch over, and goes on with it."""


class TooManyRejectsError(TxnError):
    """More rows were rejected than a batch may have."""


class Hold:
    """A batch that this process works on; an async context manager that writes the receipt now and then."""

    def __init__(self, store: ReceiptStore, stored: StoredReceipt, *, takeover_s: float) -> None:
        self._store, self._stored, self._takeover_s = store, stored, takeover_s
        self._owner = stored.receipt.owner or ""
        self.receipt = stored.receipt
        """What is known by now; the receipt in the store may be some seconds behind."""
        self._rejections: list[Rejection] = []
        self._kept = 0  # rejections in the report
        self._written_at_s = asyncio.get_running_loop().time()
        self._writing = asyncio.Lock()
        self._renewing: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        self._under_way = 0  # rows that are sent, or about to be, and not settled

    @classmethod
    async def take(
        cls,
        store: ReceiptStore,
        fresh: BatchReceipt,
        owner: str,
        *,
        takeover_s: float,
        failed_rest_s: float = 0.0,
        again: bool = False,
    ) -> "Hold | StoredReceipt":
        """The hold on a batch; its receipt instead when it is done, or when another process works on it.

        `fresh` is the receipt that a batch which nobody knows begins with. What failed begins again from the first
        row, and so does everything when it is to be done `again`. The name of the owner is no other hold's.

        A batch that has failed less than `failed_rest_s` ago is left alone, too: who has failed it still removes its
        file. To begin again would replace its reason and its report by one that says only that the file was gone.

        Raises:
            StoreError: receipts cannot be kept.
        """
        found = await store.find(fresh.account, fresh.batch)
        if found is None:
            wanted = fresh
        elif (known := found.receipt).state == "open":
            if known.is_worked_on and not found.is_silent(takeover_s):
                return found
            wanted = known
        elif found.age_s < failed_rest_s if known.state == "failed" else not again:
            return found
        else:
            wanted = replace(known.begun_again(), started_at=fresh.started_at)
        began_s = asyncio.get_running_loop().time()
        wanted = replace(wanted, owner=owner, takes=wanted.takes + 1, unknown=None)
        if (taken := await store.write(wanted, found, owner)) is None:
            if (other := await store.find(fresh.account, fresh.batch)) is None:
                raise StoreError("the receipt of this file is removed as soon as it is written: who does that?")
            return other
        hold = cls(store, taken, takeover_s=takeover_s)
        hold._written_at_s = began_s
        with suppress(DamagedReceiptError):  # the counts stand in the receipt; a new report begins
            hold._rejections = await store.report(taken.receipt)
        hold._kept = len(hold._rejections)
        return hold

    async def __aenter__(self) -> Self:
        self._renewing = asyncio.create_task(self._renew())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let the batch go; what was settled stands in the receipt, if S3 can be reached within a few seconds."""
        if self._renewing is not None:
            self._renewing.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewing
        if self.receipt.state == "open" and not isinstance(self._failure, HoldLostError):
            with suppress(Exception):
                async with asyncio.timeout(RELEASE_S_MAX):
                    await self._save(owner=None, unknown=self._under_way)

    def recognised(self, layout: str) -> None:
        """Note the layout of the file."""
        self.receipt = replace(self.receipt, layout=layout)

    def settled(self, totals: LoadTotals, rejections: Sequence[Rejection]) -> None:
        """Note that more rows are settled.

        Raises:
            TooManyRejectsError: so many are rejected that the batch has failed.
        """
        room = REPORTED_MAX - len(self._rejections)
        self._rejections.extend(rejections[:room])
        self._under_way = 0
        self.receipt = self.receipt.with_totals(totals)
        if totals.rejected > REJECTED_MAX:
            raise TooManyRejectsError(
                f"more than {REJECTED_MAX:,} rows were rejected, so the rest was not sent: look at the rejections"
            )

    def unsettled(self, rows: int) -> None:
        """Note that so many rows are sent, and that nobody knows yet what becomes of them."""
        self._under_way = rows

    async def secure(self) -> None:
        """Return when the batch is surely held.

        Raises:
            HoldLostError: it is another's.
            Exception: the receipt cannot be written.
        """
        if self._failure is not None:
            raise self._failure
        if asyncio.get_running_loop().time() - self._written_at_s > self._takeover_s / 2:
            await self._save()

    async def end(self, *, failure: str | None = None) -> BatchReceipt:
        """Write that the batch is done, or that it has failed. The receipt is durable when this returns.

        Raises:
            HoldLostError: it is another's.
        """
        state: State = "done" if failure is None else "failed"
        self.receipt = replace(self.receipt, state=state, failure=failure, unknown=self._under_way, ended_at=now())
        await self._save(owner=None)
        return self.receipt

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._takeover_s / _WRITES_A_TAKEOVER)
            try:
                await self._save()
            except Exception as error:  # noqa: BLE001 - carried over to the task that uploads
                self._failure = error
                return

    async def _save(self, **changes: Any) -> None:
        """Write report and receipt as they are now, in this order: a receipt names no line that is not there."""
        async with self._writing:
            began_s, receipt = asyncio.get_running_loop().time(), replace(self.receipt, **changes)
            if (reported := len(self._rejections)) > self._kept:
                key = report_key(receipt)
                await self._store.put_report(key, self._rejections[:reported])
                self._kept = reported
                self.receipt = replace(self.receipt, report=key, reported=reported)
                receipt = replace(receipt, report=key, reported=reported)
            stored = await self._store.write(receipt, self._stored, self._owner)
            if stored is None:
                self._failure = HoldLostError("another process has taken this file over, and goes on with it")
                raise self._failure
            self._stored, self._written_at_s = stored, began_s
            self.receipt = replace(self.receipt, owner=stored.receipt.owner, beat=stored.receipt.beat)
