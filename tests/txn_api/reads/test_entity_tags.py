"""Entity tags."""

import re

import pytest

from txn_api.reads.entity_tags import matches, tag_of

TAG = tag_of(b"{}")


def test_a_tag_is_strong_and_of_the_bytes() -> None:
    """The same for the same bytes, another for any other."""
    assert re.fullmatch(r'"[0-9a-f]{32}"', TAG)
    assert tag_of(b"{}") == TAG
    assert tag_of(b"{ }") != TAG


@pytest.mark.parametrize("sent", [TAG, f"W/{TAG}", f'"other", {TAG}', f'"a,b",W/"c" ,{TAG},"d"', "*", " * "])
def test_a_copy_at_hand_is_known(sent: str) -> None:
    """Alone, in a list, weak (RFC 9110, 13.1.2), or any at all."""
    assert matches(sent, TAG)


@pytest.mark.parametrize("sent", ["", '""', '"other"', TAG[1:-1], TAG[:-1], f"'{TAG[1:-1]}'", f'"{TAG[1:-2]}"', "**"])
def test_no_other_text_is_a_copy(sent: str) -> None:
    """A tag without its quotes, a part of one, nothing."""
    assert not matches(sent, TAG)
