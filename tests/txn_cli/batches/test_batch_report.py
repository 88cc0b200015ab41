"""What is said of batches: the words for people."""

from dataclasses import replace

import pytest

from tests.ingest.batches.builders import fresh
from txn_cli.batches.batch_report import shown_state
from txn_cli.batches.receipt_book import ShownReceipt


@pytest.mark.parametrize(
    ("changes", "is_silent", "word"),
    [
        ({"state": "done"}, False, "done"),
        ({"state": "failed"}, False, "failed"),
        ({"owner": None}, False, "waiting"),
        ({"owner": "me"}, False, "under way"),
        ({"owner": "me"}, True, "given up"),
    ],
)
def test_the_state_tells_a_process_that_works_from_one_that_ended(
    changes: dict[str, object], is_silent: object, word: str
) -> None:
    shown = replace(ShownReceipt(fresh(**changes), "where", None), is_silent=bool(is_silent))
    assert shown_state(shown) == word
