"""Sequence numbers: 56 digits that grow, and from which the place can be read."""

from devkit.kinesis_server.state.sequence import LAST_PLACE, Numbering
from hypothesis import given
from hypothesis import strategies as st

from tests.devkit.kinesis_server.builders import NOON

NOW_MS = int(NOON * 1000)
_places = st.integers(0, LAST_PLACE)
_instants = st.integers(0, (1 << 48) - 1)


@given(place=_places, arrived_ms=_instants, index=st.integers(0, (1 << 32) - 1), born_s=st.integers(0, (1 << 36) - 1))
def test_a_number_has_56_digits_and_tells_its_place(place: int, arrived_ms: int, index: int, born_s: int) -> None:
    """Whatever is in it, a number has the form of AWS and can be read back."""
    number = Numbering(index, born_s).number(place, arrived_ms)
    assert len(number) == 56
    assert number.startswith(("4", "5", "6", "7"))
    assert Numbering(index, born_s).place(number) == place


@given(place=st.integers(0, LAST_PLACE - 1), one=_instants, other=_instants)
def test_numbers_grow_with_the_place_whatever_the_clock_says(place: int, one: int, other: int) -> None:
    """Order within a shard is the order of storing."""
    numbering = Numbering(3, int(NOON))
    assert int(numbering.number(place, one)) < int(numbering.number(place + 1, other))


def test_a_younger_shard_has_greater_numbers() -> None:
    """All numbers of a child are above all of its parent."""
    parent, child = Numbering(9, int(NOON)), Numbering(1, int(NOON) + 1)
    assert int(parent.number(LAST_PLACE, NOW_MS + 1)) < int(child.number(0, NOW_MS))


def test_a_number_of_another_shard_is_none_of_ours() -> None:
    """Neither another index, nor another birth, nor text that is no number."""
    ours = Numbering(1, int(NOON))
    assert ours.place(Numbering(2, int(NOON)).number(1, NOW_MS)) is None
    assert ours.place(Numbering(1, int(NOON) + 1).number(1, NOW_MS)) is None
    assert [ours.place(text) for text in ("", "-1", "12", "LATEST", "\u0662")] == [None] * 5
