"""Currencies that a transaction may be in: ISO 4217, with the exponent that gives minor units a meaning.

Only codes in force: an amount in a withdrawn currency is refused, in files of the past too.
"""

from decimal import Decimal
from typing import Final

from iso4217 import Currency

# Codes without minor units (gold, bond units, testing) price nothing at a terminal.
EXPONENTS: Final[dict[str, int]] = {c.code: c.exponent for c in Currency if c.exponent is not None}
REFUSED: Final = tuple(sorted(c.code for c in Currency if c.exponent is None))
"""Codes in force that no transaction may be in, since ISO 4217 gives them no minor unit."""
USUAL_EXPONENT: Final = 2


def minor_to_decimal(amount_minor: int, currency: str) -> Decimal:
    """The amount in the currency's major unit: 497 USD is 4.97, 497 JPY is 497.

    Raises:
        KeyError: the currency is unknown.
    """
    return Decimal(amount_minor).scaleb(-EXPONENTS[currency])


def signed_amount(amount_minor: int, currency: str, kind: str) -> Decimal | None:
    """The amount in the major unit, below zero when it goes back to the card: a refund of 497 USD is -4.97.

    None for a currency that was withdrawn after the transaction was taken: its exponent is not known any more.
    """
    if currency not in EXPONENTS:
        return None
    amount = minor_to_decimal(amount_minor, currency)
    return amount if kind == "purchase" or not amount else -amount


def by_exponent() -> dict[int, tuple[str, ...]]:
    """The codes of each exponent, both in order."""
    return {
        exponent: tuple(sorted(code for code, own in EXPONENTS.items() if own == exponent))
        for exponent in sorted(set(EXPONENTS.values()))
    }


def decimals_in_words() -> str:
    """How many decimals the currencies have, those of the usual number unnamed, and which codes are refused."""
    named = "; ".join(
        f"{exponent} for {', '.join(codes)}"
        for exponent, codes in by_exponent().items()
        if exponent != USUAL_EXPONENT
    )
    return f"Decimals: {USUAL_EXPONENT}, but {named}. Refused, having none: {', '.join(REFUSED)}."
