"""The receipt as a document, and which names of files may stand in it."""

from dataclasses import replace

import pytest

from ingest.batches.batch_receipt import BatchReceipt, named_by, receipt_key
from ingest.files.shown_names import WITHHELD, shown_name
from ingest.layouts.rejection import Rejection
from ingest.upload.totals import LoadTotals
from tests.ingest.batches.builders import ACME, fresh
from txn_core.exceptions import StoreError

KEY_OF_IT = receipt_key(ACME, fresh().batch)


def test_a_receipt_is_read_as_it_was_written() -> None:
    receipt = fresh(owner="me", takes=2, layout="kaggle", failure="why", report="a/b").with_totals(
        LoadTotals().plus(
            accepted=3, rejected=1, seconds=1.23456, receipts=(), faults=[Rejection(2, "amt", "x", "y")]
        )
    )
    assert BatchReceipt.of(receipt.to_json(), KEY_OF_IT) == replace(receipt, unknown=None)
    assert receipt.totals.read == 4
    assert receipt.totals.faults == {"amt x": 1}
    again = receipt.begun_again()
    assert (again.totals.read, again.failure, again.report, again.takes) == (0, None, None, 2)


@pytest.mark.parametrize(
    "document",
    [
        *(b"", b"{}", b"[1]", b"\xff\xfe", b'{"schema": 1}', fresh().to_json()[:-9]),
        fresh(accepted=-1).to_json(),
        fresh(account="another").to_json(),
    ],
)
def test_what_is_no_receipt_is_refused(document: bytes) -> None:
    """By the name of its object, and with what to do."""
    with pytest.raises(StoreError, match=f"{KEY_OF_IT} .* is damaged: remove it"):
        BatchReceipt.of(document, KEY_OF_IT)


@pytest.mark.parametrize("document", [fresh(schema=2).to_json(), b'{"schema": 2, "state": {}}'])
def test_a_receipt_of_a_later_version_is_neither_misread_nor_called_damaged(document: bytes) -> None:
    with pytest.raises(StoreError, match="later version"):
        BatchReceipt.of(document, KEY_OF_IT)


def test_an_object_is_a_receipt_by_its_name() -> None:
    assert named_by(KEY_OF_IT) == (ACME, fresh().batch)
    for key in (
        "receipts/acme/notes.json",
        f"{KEY_OF_IT}.json",
        f"x/{KEY_OF_IT}",
        KEY_OF_IT.replace("/acme", "/a/b"),
    ):
        assert named_by(key) is None


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
