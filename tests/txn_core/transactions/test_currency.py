"""ISO 4217 currencies and their exponents."""

from decimal import Decimal

import pytest

from txn_core.transactions.currency import EXPONENTS, minor_to_decimal


@pytest.mark.parametrize(
    ("code", "exponent"), [("USD", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("CLF", 4), ("ISK", 0)]
)
def test_exponents_are_those_of_the_standard(code: str, exponent: int) -> None:
    """Known answers from ISO 4217's list one."""
    assert EXPONENTS[code] == exponent


def test_only_codes_with_minor_units_price_something() -> None:
    """Metals, bond units and the codes for testing and for no currency are left out; all others are three letters."""
    assert EXPONENTS.keys().isdisjoint({"XAU", "XAG", "XBA", "XDR", "XTS", "XXX"})
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in EXPONENTS)
    assert set(EXPONENTS.values()) <= {0, 2, 3, 4}


@pytest.mark.parametrize(
    ("minor", "code", "major"),
    [
        (497, "USD", "4.97"),
        (497, "JPY", "497"),
        (497, "KWD", "0.497"),
        (5, "USD", "0.05"),
        (0, "USD", "0.00"),
        (999_999_999_999, "USD", "9999999999.99"),
    ],
)
def test_minor_units_have_the_currencys_meaning(minor: int, code: str, major: str) -> None:
    """Amounts convert exactly, with as many decimals as the currency has."""
    assert str(minor_to_decimal(minor, code)) == str(Decimal(major))
