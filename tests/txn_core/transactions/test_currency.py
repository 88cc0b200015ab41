"""ISO 4217 currencies and their exponents."""

from decimal import Decimal

import pytest

from txn_core.transactions.currency import (
    EXPONENTS,
    REFUSED,
    by_exponent,
    decimals_in_words,
    minor_to_decimal,
    signed_amount,
)


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


@pytest.mark.parametrize(
    ("minor", "code", "kind", "text"),
    [
        (1234, "EUR", "purchase", "12.34"),
        (1234, "EUR", "refund", "-12.34"),
        (1234, "EUR", "reversal", "-12.34"),
        (0, "EUR", "refund", "0.00"),
        (1234, "JPY", "refund", "-1234"),
        (5, "KWD", "refund", "-0.005"),
        (1, "CLF", "purchase", "0.0001"),
        (2**53 - 1, "CLF", "refund", "-900719925474.0991"),
    ],
)
def test_an_amount_has_its_currencys_decimals_and_its_types_sign(minor: int, code: str, kind: str, text: str) -> None:
    """What went back to the card is below zero, and a zero has no sign."""
    assert str(signed_amount(minor, code, kind)) == text


def test_an_amount_in_a_withdrawn_currency_is_not_guessed() -> None:
    """The Deutsche Mark was in force until 2002."""
    assert signed_amount(100, "DEM", "purchase") is None


def test_each_code_stands_in_one_place() -> None:
    """Of the table that the contract shows."""
    grouped = [code for codes in by_exponent().values() for code in codes]
    assert sorted(grouped) == sorted(EXPONENTS)
    assert EXPONENTS.keys().isdisjoint(REFUSED)
    words = decimals_in_words()
    assert all(code in words for code, exponent in EXPONENTS.items() if exponent != 2)
    assert all(code in words for code in REFUSED)
    assert "EUR" not in words
