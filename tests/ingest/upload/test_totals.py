"""Totals: what a machine reads of a load."""

from ingest.layouts.rejection import Rejection
from ingest.upload.totals import LoadTotals

TOTALS = LoadTotals(accepted=9, rejected=1, seconds=1.23456, receipts=("a", "b"), faults={"amt amount_format": 1})


def test_the_document_has_exactly_these_keys_and_adds_up() -> None:
    assert TOTALS.document() == {"read": 10, "accepted": 9, "rejected": 1, "seconds": 1.235, "receipts": ["a", "b"]}


def test_parts_add_up() -> None:
    fault = Rejection(2, "amt", "amount_format", "")
    total = TOTALS.plus(
        accepted=1, rejected=1, seconds=2.5, receipts=["c"], faults=[fault, Rejection(2, "dob", "date_format", "")]
    )
    assert (total.read, total.seconds, total.receipts) == (12, 2.5, ("a", "b", "c"))
    assert total.faults == {"amt amount_format": 2, "dob date_format": 1}
    assert TOTALS.faults == {"amt amount_format": 1}
