"""Made-up card numbers."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from txn_cli.simulator.cards import card_number, with_check_digit
from txn_cli.simulator.rng import Rng
from txn_core.card_numbers.pan import passes_luhn


def test_numbers_pass_luhn_and_come_in_the_data_s_lengths() -> None:
    rng = Rng(1, "cards")
    numbers = [card_number(rng) for _ in range(3_000)]
    assert all(passes_luhn(number) for number in numbers)
    lengths = Counter(map(len, numbers))
    assert set(lengths) == {11, 12, 13, 14, 15, 16, 19}
    assert lengths.most_common(1)[0][0] == 16
    beyond_floats = sum(int(number) > 2**53 for number in numbers) / len(numbers)
    assert 0.05 < beyond_floats < 0.15


@given(st.text("0123456789", min_size=1, max_size=18))
def test_the_check_digit_makes_any_digits_pass(digits: str) -> None:
    number = with_check_digit(digits)
    assert number[:-1] == digits
    assert passes_luhn(number)
