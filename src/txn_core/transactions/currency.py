"""Currencies that a transaction may be in: ISO 4217, with the exponent that gives minor units a meaning.

Only codes in force: an amount in a withdrawn currency is refused, in files of the past too.
"""

from decimal import Decimal
from typing import Final

from iso4217 import Currency

# Codes without minor units (gold, bond units, testing) price nothing at a terminal.
EXPONENTS: Final[dict[str, int]] = {c.code: c.exponent for c in Currency if c.exponent is not None}


def minor_to_decimal(amount_minor: int, currency: str) -> Decimal:
    """The amount in the currency's major unit: 497 USD is 4.97, 497 JPY is 497.

    Raises:
        KeyError: the currency is unknown.
    """
    return Decimal(amount_minor).scaleb(-EXPONENTS[currency])
