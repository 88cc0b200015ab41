"""The receipt of a batch: what is known of a file's rows, for as long as the lake is kept. Never a value of a row."""

import re
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Self

from pydantic import TypeAdapter, ValidationError

from ingest.batches.batch_ids import BATCH_PATTERN, BatchId
from ingest.upload.totals import LoadTotals
from txn_core.exceptions import StoreError
from txn_core.lake.layout import RECEIPT_PREFIX
from txn_core.transactions.identity import Account
from txn_core.transactions.instants import Instant

SCHEMA_VERSION: Final = 1

State = Literal["open", "done", "failed"]


@dataclass(frozen=True, slots=True)
class BatchReceipt:
    """What became of a file so far.

    Attributes:
        state: `open` until all rows are settled (`done`), or until it is known that they never will be (`failed`).
        name: what the file is called, or that its name is withheld.
        size: of the file, bytes.
        sealed_sha256: the digest of its bytes, for who has the ingest key.
        started_at: when the first attempt began.
        owner: the process that works on it, or None.
        takes: how many processes have taken it so far.
        beat: how often the receipt was written; no two writes have the same content.
        layout: the layout of the file, once it is known.
        accepted: rows that the API has acknowledged.
        rejected: rows that it, or the layout, refuses.
        unknown: rows that were sent and not settled when the last attempt ended.
        faults: counts of rejections by `field code`.
        report: the object with each rejection, if there is any.
        reported: how many lines of the report belong to the rows that are settled.
        ended_at: when it became done or failed.
        failure: why it failed, and what to do.
    """

    batch: BatchId
    account: Account
    name: str
    size: int
    sealed_sha256: str
    started_at: Instant
    state: State = "open"
    owner: str | None = None
    takes: int = 0
    beat: int = 0
    layout: str | None = None
    accepted: int = 0
    rejected: int = 0
    unknown: int = 0
    seconds: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)
    report: str | None = None
    reported: int = 0
    ended_at: Instant | None = None
    failure: str | None = None
    schema: int = SCHEMA_VERSION

    @property
    def totals(self) -> LoadTotals:
        """The rows that are settled."""
        return LoadTotals(self.accepted, self.rejected, self.seconds, faults=self.faults)

    def with_totals(self, totals: LoadTotals) -> Self:
        """The receipt when so many rows are settled."""
        return replace(
            self,
            accepted=totals.accepted,
            rejected=totals.rejected,
            seconds=round(totals.seconds, 3),
            faults=totals.faults,
        )

    def begun_again(self) -> Self:
        """The receipt of the same batch before its first row."""
        return replace(
            self.with_totals(LoadTotals()),
            state="open",
            layout=None,
            unknown=0,
            report=None,
            reported=0,
            ended_at=None,
            failure=None,
        )

    def to_json(self) -> bytes:
        """The document."""
        return _ADAPTER.dump_json(self, indent=1)

    @classmethod
    def of(cls, document: bytes) -> "BatchReceipt":
        """The receipt that a document holds.

        Raises:
            StoreError: it holds none, or one of a later version of this program.
        """
        try:
            receipt = _ADAPTER.validate_json(document)
        except ValidationError:
            raise StoreError("a receipt in the lake is damaged: it is not what this program wrote") from None
        if receipt.schema > SCHEMA_VERSION:
            raise StoreError("a receipt was written by a later version of this program: use that one")
        return receipt


_ADAPTER: Final = TypeAdapter(BatchReceipt)


def receipt_key(account: Account, batch: BatchId) -> str:
    """Where the receipt of a batch lies in the bucket of the lake."""
    return f"{RECEIPT_PREFIX}{account}/{batch}.json"


def receipt_address(bucket: str, receipt: BatchReceipt) -> str:
    """Where a receipt lies, in full."""
    return f"s3://{bucket}/{receipt_key(receipt.account, receipt.batch)}"


def report_key(receipt: BatchReceipt) -> str:
    """Where the process that works on a batch now keeps the rejections: each process has an object of its own."""
    return f"{RECEIPT_PREFIX}{receipt.account}/{receipt.batch}.rejects-{receipt.takes}.ndjson"


def is_batch_id(text: str) -> bool:
    """Whether a text has the form of a batch id."""
    return re.fullmatch(BATCH_PATTERN, text) is not None
