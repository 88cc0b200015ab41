"""The range of a card: as narrow as its rows, and bounded by their number."""

from array import array

import pytest

from txn_cli.verify.cardrange import PAGE_ROWS_MAX, PAGE_ROWS_MIN, CardRange
from txn_cli.verify.expected import CardRows
from txn_core.transactions.identity import CardId
from txn_core.transactions.instants import Instant

CARD_ID = CardId("card_1_" + "0" * 32)


def at(second: int) -> Instant:
    return Instant(f"2019-01-01T00:00:{second:02}.999999Z")


def test_a_range_begins_at_the_earliest_row_and_ends_just_after_the_latest() -> None:
    span = CardRange.around(CardRows("card", at(10), at(59), array("Q", [0, 1, 2])), CARD_ID)
    assert (span.card_id, span.start) == (CARD_ID, "2019-01-01T00:00:10.999999Z")
    assert span.end == "2019-01-01T00:01:00.000000Z"


@pytest.mark.parametrize("rows", [1, 3, 25, 26, 499, 500, 501, 10_000])
def test_a_page_has_room_for_as_many_rows_of_others_and_reading_ends_soon_after(rows: int) -> None:
    span = CardRange.around(CardRows("card", at(1), at(1), array("Q", range(rows))), CARD_ID)
    assert PAGE_ROWS_MIN <= span.page_rows <= PAGE_ROWS_MAX
    assert 2 * rows <= span.page_rows * span.pages_max <= 2 * rows + 3 * span.page_rows
