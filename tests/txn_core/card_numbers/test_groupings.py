"""Groups of digits."""

import pytest

from txn_core.card_numbers.groupings import SEARCHED_LENGTHS, is_grouping

CARDS = [
    *[((length,), "4") for length in SEARCHED_LENGTHS],
    *[((4, 4, 4, 4), "4"), ((4, 4, 4), "5"), ((4, 4, 4, 1), "4"), ((4, 4, 4, 3), "3"), ((4, 4, 4, 4, 3), "6")],
    *[
        ((8, 8), "4"),
        ((4, 12), "4"),
        ((12, 4), "4"),
        ((4, 4, 8), "4"),
        ((8, 4, 4), "4"),
        ((4, 8), "5"),
        ((16, 3), "4"),
        ((12, 3), "3"),
        ((12, 1), "4"),
    ],
    *[((4, 6, 5), "3"), ((4, 6, 4), "3"), ((4, 6, 6), "6"), ((4, 5, 6), "1"), ((4, 4, 5), "5"), ((4, 6, 5), "6")],
    *[((6, 10), "4"), ((6, 13), "6"), ((7, 9), "4"), ((8, 11), "6"), ((10, 6), "4"), ((9, 7), "5")],
    *[((1,) * 12, "5"), ((1,) * 16, "4"), ((1,) * 19, "6")],
]
OTHERS = [
    *[((11,), "4"), ((20,), "4"), ((4, 4), "4"), ((4, 4, 4, 4, 4), "4"), ((1,) * 11, "4"), ((1,) * 20, "4")],
    *[((4, 3, 3, 4), "4"), ((3, 3, 4), "4"), ((1, 3, 3, 4), "1"), ((4, 1, 3, 3, 4), "4"), ((5, 3, 3, 4), "5")],
    *[((2, 3, 3, 4), "6"), ((2, 2, 4, 4), "4"), ((4, 2, 2, 4, 4), "4"), ((2, 4, 6), "4"), ((4, 4, 6), "4")],
    *[((4, 10), "3"), ((4, 11), "3"), ((5, 11), "4"), ((5, 10), "3"), ((3, 13), "4"), ((6, 6), "5"), ((6, 7), "4")],
    *[((4, 2, 2, 2, 2, 2), "2"), ((1, 3, 2), "1"), ((2, 6, 2, 6), "3"), ((4, 6, 5), "4"), ((4, 5, 6), "4")],
    *[((1, 1, 4, 10), "4"), ((4, 4, 4, 1, 3), "4"), ((3, 4, 4, 5), "4")],
]


@pytest.mark.parametrize(("sizes", "first_digit"), CARDS)
def test_groups_that_a_card_number_has(sizes: tuple[int, ...], first_digit: str) -> None:
    """As it is printed, run together, typed digit by digit, or cut in two."""
    assert is_grouping(sizes, first_digit)


@pytest.mark.parametrize(("sizes", "first_digit"), OTHERS)
def test_groups_that_others_have(sizes: tuple[int, ...], first_digit: str) -> None:
    """A store and its telephone, a time, an amount, a place."""
    assert not is_grouping(sizes, first_digit)
