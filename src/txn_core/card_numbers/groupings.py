"""The groups of digits that people write card numbers in.

A telephone number beside a store's, a date or an amount is digits in groups, too, and so is a house number with the
card number behind it. What tells them apart is where the gaps are: a card number has them where cards have them.
"""

from typing import Final

SEARCHED_LENGTHS: Final = range(12, 20)
"""The numbers of digits that a card number in free text may have."""

# The ways of printing cards other than in fours, and first digits of those who print so: Diners Club, American
# Express, UnionPay, UATP and Maestro (Baymard Institute, "Credit Card IIN Ranges & Spacing Patterns").
_PRINTED: Final[dict[tuple[int, ...], str]] = {
    (4, 6, 4): "3",
    (4, 6, 5): "356",
    (4, 6, 6): "6",
    (4, 5, 6): "1",
    (4, 4, 5): "56",
}
_HALF_MIN: Final = 6  # digits of an issuer's identification number; hardly a store has a number of as many
_HALVES_MIN: Final = 16


def is_grouping(sizes: tuple[int, ...], first_digit: str) -> bool:
    """Whether groups of these sizes may be one card number, which begins with a digit.

    A single group may, and:
    - fours, of which some may run together, and one to three digits left over for the last (4-4-4-4, 8-8, 4-4-4-3);
    - groups as cards are printed (4-6-5);
    - two parts of six digits or more, 16 in all or more (6-10, 6-13, 8-11);
    - single digits.
    """
    return sum(sizes) in SEARCHED_LENGTHS and (
        len(sizes) == 1
        or first_digit in _PRINTED.get(sizes, ())
        or _are_fours(sizes)
        or (len(sizes) == 2 and min(sizes) >= _HALF_MIN and sum(sizes) >= _HALVES_MIN)
        or set(sizes) == {1}
    )


def _are_fours(sizes: tuple[int, ...]) -> bool:
    *whole, last = sizes
    return not any(size % 4 for size in whole) and (last < 4 or last % 4 == 0)
