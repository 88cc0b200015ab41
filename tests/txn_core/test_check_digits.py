"""The Luhn check of parts."""

from hypothesis import given
from hypothesis import strategies as st

from txn_core.check_digits import CheckDigits
from txn_core.pan import passes_luhn


@given(st.text("0123456789", min_size=1, max_size=40))
def test_every_part_is_judged_as_if_it_stood_alone(digits: str) -> None:
    """From every place to every other one behind it."""
    check_digits = CheckDigits(digits)
    for start in range(len(digits)):
        for end in range(start + 1, len(digits) + 1):
            assert check_digits.fits(start, end) == passes_luhn(digits[start:end])
