"""The receipt as a document, and which names of files may stand in it."""

import pytest

from ingest.batches.batch_receipt import BatchReceipt
from ingest.files.shown_names import WITHHELD, shown_name
from ingest.layouts.rejection import Rejection
from ingest.upload.totals import LoadTotals
from tests.ingest.batches.builders import fresh
from txn_core.exceptions import StoreError


def test_a_receipt_is_read_as_it_was_written() -> None:
    receipt = fresh(owner="me", takes=2, layout="kaggle", failure="why", report="a/b").with_totals(
        LoadTotals().plus(
            accepted=3, rejected=1, seconds=1.23456, receipts=(), faults=[Rejection(2, "amt", "x", "y")]
        )
    )
    assert BatchReceipt.of(receipt.to_json()) == receipt
    assert receipt.totals.read == 4
    assert receipt.totals.faults == {"amt x": 1}
    again = receipt.begun_again()
    assert (again.totals.read, again.failure, again.report, again.takes) == (0, None, None, 2)


@pytest.mark.parametrize("document", [b"", b"{}", b"[1]", b'{"schema": 1}'])
def test_what_is_no_receipt_is_refused(document: bytes) -> None:
    with pytest.raises(StoreError, match="damaged"):
        BatchReceipt.of(document)


def test_a_receipt_of_a_later_version_is_not_misread() -> None:
    with pytest.raises(StoreError, match="later version"):
        BatchReceipt.of(fresh(schema=2).to_json())


@pytest.mark.parametrize(
    "name",
    ["4111111111111111.csv", "a/4111 1111 1111 1111", "rows 4111-1111-1111-1111.gz", "rows4111111111111111b.csv"],
)
def test_a_name_that_may_hold_a_card_number_is_withheld(name: str) -> None:
    assert shown_name(name) == WITHHELD


@pytest.mark.parametrize("name", ["rows.csv", "s3://files/acme/2026-01-31.csv.gz", "20260131T235959.csv"])
def test_other_names_are_kept(name: str) -> None:
    assert shown_name(name) == name


def test_a_name_obeys_no_terminal() -> None:
    assert shown_name("a\x1b[2Jb\n") == "a\\x1b[2Jb\\n"
