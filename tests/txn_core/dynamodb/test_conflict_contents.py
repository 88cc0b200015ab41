"""What is kept of the events of conflicts, and what is too large for it."""

from tests.builders import ACCEPTED_AT, position
from txn_core.dynamodb.conflict_contents import (
    CONTENT_BYTES_MAX,
    CONTENTS_MAX,
    WINNER_BYTES_MAX,
    contents_attribute,
    contents_of,
    is_kept,
)
from txn_core.positions import WriteOrder

ITEM_BYTES_MAX = 400 << 10


def test_contents_come_back_as_they_were_kept() -> None:
    """Blanks and all; an item without any has no attribute for them."""
    orders = [WriteOrder.of(ACCEPTED_AT, position(number)) for number in range(2)]
    kept = {orders[0]: '{"name": "a b"}', orders[1]: "{}"}
    assert contents_of(contents_attribute(kept)) == kept
    assert contents_attribute({}) == {}
    assert contents_of({}) == {}


def test_an_item_has_room_for_all_that_may_be_kept() -> None:
    """Bytes are counted, not characters."""
    assert is_kept("e" * CONTENT_BYTES_MAX, beside="e" * WINNER_BYTES_MAX)
    assert not is_kept("é" * CONTENT_BYTES_MAX, beside="")
    assert not is_kept("", beside="é" * WINNER_BYTES_MAX)
    assert CONTENTS_MAX * CONTENT_BYTES_MAX + WINNER_BYTES_MAX < ITEM_BYTES_MAX * 7 / 8
