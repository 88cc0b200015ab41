"""What is said of batches: as JSON for machines, in lines for people."""

from collections.abc import Iterator
from typing import Final

from rich.table import Column, Table
from rich.text import Text

from ingest.batches.batch_receipt import BatchReceipt, DamagedReceiptError
from ingest.layouts.rejection import Rejection
from txn_cli.batches.ingestion import Ingested
from txn_cli.batches.receipt_book import ShownReceipt

REJECTIONS_SHOWN: Final = 20


def document(shown: ShownReceipt) -> dict[str, object]:
    """A receipt as JSON values."""
    receipt = shown.receipt
    return {
        "batch": receipt.batch,
        "state": receipt.state,
        "account": receipt.account,
        "file": receipt.name,
        "size": receipt.size,
        "sha256": shown.sha256,
        "layout": receipt.layout,
        "read": receipt.totals.read,
        "accepted": receipt.accepted,
        "rejected": receipt.rejected,
        "unknown": receipt.unknown,
        "written_s_ago": shown.age_s,
        "faults": receipt.faults,
        "started_at": receipt.started_at,
        "ended_at": receipt.ended_at,
        "seconds": receipt.seconds,
        "failure": receipt.failure,
        "receipt": shown.where,
        "rejects": receipt.report,
    }


def ingested_document(ingested: Ingested, *, waited_for: str | None) -> dict[str, object]:
    """What `txn ingest` prints: the receipt, how many rows this run has sent, and for what it has waited."""
    return document(ShownReceipt(ingested.receipt, ingested.where, ingested.sha256)) | {
        "sent": ingested.sent,
        "again": ingested.again,
        "waited_for": waited_for,
    }


def rejects_document(rejections: list[Rejection]) -> list[dict[str, object]]:
    """The rejections of a batch, each with its line, field and code."""
    return [{"line": each.line, "field": each.field, "code": each.code} for each in rejections]


def ingested_lines(ingested: Ingested) -> Iterator[str]:
    """The same for people."""
    receipt = ingested.receipt
    if ingested.again:
        yield f"This file was taken in before, at {receipt.ended_at}: 0 new rows"
    yield _counts(receipt) + ("" if ingested.again else f" in {receipt.seconds:.1f} s")
    yield f"Batch {receipt.batch}, SHA-256 {ingested.sha256}"
    yield f"Receipt {ingested.where}"


def rejects_lines(rejections: list[Rejection]) -> Iterator[str]:
    """The first rejections for people."""
    for each in rejections[:REJECTIONS_SHOWN]:
        yield f"line {each.line}: {each.field} {each.code}"
    if len(rejections) > REJECTIONS_SHOWN:
        yield f"and {len(rejections) - REJECTIONS_SHOWN:,} more: --json has them all"


def lines(shown: ShownReceipt) -> Iterator[str]:
    """A receipt for people."""
    receipt = shown.receipt
    yield f"Batch {receipt.batch}: {shown_state(shown)}"
    yield f"File {receipt.name}, {receipt.size:,} bytes, account {receipt.account}"
    yield f"SHA-256 {shown.sha256 or 'sealed under another key than TXN_INGEST_KEY'}"
    yield f"Layout {receipt.layout or 'not known yet'}"
    yield _counts(receipt)
    yield f"Started {receipt.started_at}, ended {receipt.ended_at or 'not yet'}"
    if receipt.failure is not None:
        yield f"Failed: {receipt.failure}"
    yield f"Receipt {shown.where}"
    for kind, count in sorted(receipt.faults.items(), key=lambda item: -item[1]):
        yield f"{count:>8,} x {kind}"


def table(found: list[ShownReceipt]) -> Table:
    """The latest batches, one a row."""
    numbers = (Column(name, justify="right") for name in ("read", "accepted", "rejected", "unknown"))
    rows = Table("batch", "state", "account", *numbers, "file", box=None, pad_edge=False)
    for shown in found:
        each = shown.receipt
        counts = (f"{count:,}" for count in (each.totals.read, each.accepted, each.rejected))
        unknown = "?" if each.unknown is None else f"{each.unknown:,}"
        name = Text(each.name, overflow="fold")
        rows.add_row(each.batch, shown_state(shown), each.account, *counts, unknown, name)
    return rows


def damaged_document(error: DamagedReceiptError) -> dict[str, str]:
    """An object that is no receipt: which one, and what to do."""
    return {"object": error.key, "fault": error.fault}


def shown_state(shown: ShownReceipt) -> str:
    """The state in a word: an open batch is worked on, or waits for whoever takes it up."""
    receipt = shown.receipt
    if receipt.state != "open":
        return receipt.state
    if not receipt.is_worked_on:
        return "waiting"
    return "given up" if shown.is_silent else "under way"


def _counts(receipt: BatchReceipt) -> str:
    unknown = f", {receipt.unknown:,} unknown" if receipt.unknown else ""
    if receipt.unknown is None:
        unknown = ", nothing known of further ones"
    return f"{receipt.totals.read:,} rows read, {receipt.accepted:,} accepted, {receipt.rejected:,} rejected{unknown}"
