"""The receipt of a batch: what is known of a file's rows, for as long as the lake is kept. Never a value of a row."""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Annotated, Final, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError

from ingest.batches.batch_ids import BATCH_PATTERN, BatchId
from ingest.upload.totals import LoadTotals
from txn_core.exceptions import StoreError
from txn_core.lake.layout import RECEIPT_PREFIX
from txn_core.printable import printable
from txn_core.transactions.identity import ACCOUNT_PATTERN, Account
from txn_core.transactions.instants import Instant

SCHEMA_VERSION: Final = 1
DAMAGED: Final = (
    "is damaged: remove it; when its file comes again, it is sent from the first row, which stores no row twice"
)
LATER: Final = "was written by a later version of this program: use that one"

State = Literal["open", "done", "failed"]
Count = Annotated[int, Field(ge=0)]


class DamagedReceiptError(StoreError):
    """An object below `receipts/` cannot be read as what it should be.

    Attributes:
        key: of the object.
        fault: what is wrong with it, and what to do.
    """

    def __init__(self, key: str, fault: str) -> None:
        self.key, self.fault = key, fault
        super().__init__(f"the object {printable(key)} in the lake's bucket {fault}")


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
        unknown: rows that were sent and not settled when the last attempt ended; None while one works on it, and
            for good where a process ended without a word.
        faults: counts of rejections by `field code`.
        report: the object with each rejection, if there is any.
        reported: how many lines of the report belong to the rows that are settled.
        ended_at: when it became done or failed.
        failure: why it failed, and what to do.
    """

    batch: BatchId
    account: Account
    name: str
    size: Count
    sealed_sha256: str
    started_at: Instant
    state: State = "open"
    owner: str | None = None
    takes: Count = 0
    beat: Count = 0
    layout: str | None = None
    accepted: Count = 0
    rejected: Count = 0
    unknown: Count | None = 0
    seconds: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)
    report: str | None = None
    reported: Count = 0
    ended_at: Instant | None = None
    failure: str | None = None
    schema: int = SCHEMA_VERSION

    @property
    def is_worked_on(self) -> bool:
        """Whether a process works on the batch, or has ended without a word."""
        return self.state == "open" and self.owner is not None

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
    def of(cls, document: bytes, key: str) -> "BatchReceipt":
        """The receipt that the object of a key holds.

        Raises:
            DamagedReceiptError: it holds none, another batch's, or one of a later version of this program.
        """
        try:
            receipt = _ADAPTER.validate_json(document)
        except ValidationError:
            raise DamagedReceiptError(key, LATER if _is_later(document) else DAMAGED) from None
        if receipt.schema > SCHEMA_VERSION:
            raise DamagedReceiptError(key, LATER)
        if receipt_key(receipt.account, receipt.batch) != key:
            raise DamagedReceiptError(key, DAMAGED)
        if receipt.is_worked_on:  # of earlier versions, which said 0
            return replace(receipt, unknown=None)
        return receipt


_ADAPTER: Final = TypeAdapter(BatchReceipt)


def _is_later(document: bytes) -> bool:
    """Whether a document that is no receipt says that it is one of a later version."""
    try:
        schema = json.loads(document)["schema"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return False
    return isinstance(schema, int) and schema > SCHEMA_VERSION


def receipt_key(account: Account, batch: BatchId) -> str:
    """Where the receipt of a batch lies in the bucket of the lake."""
    return f"{RECEIPT_PREFIX}{account}/{batch}.json"


def receipt_address(bucket: str, receipt: BatchReceipt) -> str:
    """Where a receipt lies, in full."""
    return f"s3://{bucket}/{receipt_key(receipt.account, receipt.batch)}"


def report_key(receipt: BatchReceipt) -> str:
    """Where the process that works on a batch now keeps the rejections: each process has an object of its own."""
    return f"{RECEIPT_PREFIX}{receipt.account}/{receipt.batch}.rejects-{receipt.takes}.ndjson"


def named_by(key: str) -> tuple[Account, BatchId] | None:
    """The account and the batch whose receipt an object is by its key; None when it is no receipt's."""
    found = re.fullmatch(f"{RECEIPT_PREFIX}([^/]+)/({BATCH_PATTERN})\\.json", key)
    if found is None or not re.fullmatch(ACCOUNT_PATTERN, found[1]):
        return None
    return Account(found[1]), BatchId(found[2])


def is_batch_id(text: str) -> bool:
    """Whether a text has the form of a batch id."""
    return re.fullmatch(BATCH_PATTERN, text) is not None
