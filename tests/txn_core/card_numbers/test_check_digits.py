"""The Luhn check of parts."""

from hypothesis import given
from hypothesis import strategies as st

from txn_core.card_numbers.check_digits import has_part_with_check_digit
from txn_core.card_numbers.pan import passes_luhn


@given(st.text("0123456789", max_size=40), st.integers(1, 20), st.integers(0, 8))
def test_every_part_is_judged_as_if_it_stood_alone(digits: str, shortest: int, more: int) -> None:
    """From every place to every other one behind it, as far as lengths go."""
    lengths = range(shortest, shortest + more + 1)
    parts = [digits[start : start + n] for n in lengths for start in range(len(digits) - n + 1)]
    assert has_part_with_check_digit(digits, lengths) is any(map(passes_luhn, parts))
