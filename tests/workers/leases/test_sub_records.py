"""Numbers of sub-records as ranges, and as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.leases.sub_records import SubRecords

NUMBERS = st.sets(st.integers(0, 60), min_size=1).map(sorted)


@given(NUMBERS)
def test_numbers_come_back_from_ranges_and_from_text(numbers: list[int]) -> None:
    subs = SubRecords.of(numbers)
    assert list(subs) == numbers
    assert (len(subs), subs.first) == (len(numbers), numbers[0])
    assert SubRecords.parse(str(subs)) == subs
    assert [number for number in range(62) if number in subs] == numbers


def test_numbers_that_stand_together_are_one_range() -> None:
    assert str(SubRecords.of([0, 1, 2, 5, 7, 8])) == "0-2,5,7-8"
    assert str(SubRecords.of(range(170_000))) == "0-169999"


@pytest.mark.parametrize("text", ["", "-", "1-", "-1", "2-1", "1-1", "1,1", "3,1", "0-2,3", "0-2,2", " 1", "01", "x"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        SubRecords.parse(text)


@pytest.mark.parametrize("numbers", [[], [1, 1], [2, 1]])
def test_numbers_that_do_not_ascend_are_refused(numbers: list[int]) -> None:
    with pytest.raises(ValueError):
        SubRecords.of(numbers)
