"""Paging cursors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txn_api.problems import CursorInvalid
from txn_api.reads.cursors import CURSOR_CHARS_MAX, Cursors
from txn_core.exceptions import SettingsError
from txn_core.settings import Settings
from txn_core.transactions.transaction import MERCHANT_KEY_BYTES_MAX

CURSORS = Cursors(b"k" * 32)
QUERY = ("by_card", "acme#card_1", "", "", "desc")
texts = st.text(st.characters(codec="utf-8"), max_size=20)


@given(st.lists(texts, max_size=4), texts)
def test_a_cursor_says_where_its_query_goes_on(query: list[str], after: str) -> None:
    """Any sort key comes back, for the very query alone."""
    cursor = CURSORS.make(query, after)
    assert CURSORS.read(query, cursor) == after
    with pytest.raises(CursorInvalid):
        CURSORS.read([*query, "more"], cursor)


@given(st.text(max_size=60) | st.text("ABCabc019-_=", max_size=60))
def test_no_other_text_is_a_cursor(text: str) -> None:
    """Whatever it is made of, it is refused and nothing else happens."""
    with pytest.raises(CursorInvalid):
        CURSORS.read(QUERY, text)


@given(st.data())
def test_a_changed_cursor_is_none(data: st.DataObject) -> None:
    """No character may be changed, added or left out, not even where base64 decodes to the same bytes."""
    cursor = CURSORS.make(QUERY, "2020-01-01T00:00:00.000000Z#0000000")
    at = data.draw(st.integers(0, len(cursor)))
    put = data.draw(st.sampled_from(["", "A", "_", "=", " ", "\n", "!"]))
    changed = cursor[:at] + put + cursor[at + data.draw(st.integers(0, 1)) :]
    if changed != cursor:
        with pytest.raises(CursorInvalid):
            CURSORS.read(QUERY, changed)


def test_another_key_is_another_cursor() -> None:
    """Only the service itself makes them."""
    with pytest.raises(CursorInvalid):
        CURSORS.read(QUERY, Cursors(b"K" * 32).make(QUERY, "a"))


def test_the_longest_cursor_is_taken() -> None:
    """The cursor of the longest merchant name stays under the bound that parameters are held to."""
    assert len(CURSORS.make(QUERY, "x" * MERCHANT_KEY_BYTES_MAX)) <= CURSOR_CHARS_MAX


def test_a_process_without_the_key_does_not_start(own_environment: pytest.MonkeyPatch) -> None:
    """There is no default that all would know."""
    with pytest.raises(SettingsError, match="TXN_CURSOR_KEY"):
        Cursors.from_settings(Settings())
