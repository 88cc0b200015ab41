"""Amounts of all currencies in one: hundredths of a US dollar, by fixed rates.

The rates are round and stay as they are within a feature set: a feature compares a card with its own past, for which
the order of magnitude is what counts, and a rate of the day would make another past of the same records. They are
those of late 2025 to two digits.
"""

from typing import Final

from txn_core.transactions.currency import EXPONENTS

REFERENCE_AMOUNT_MAX: Final = 10**12
"""An event of a foreign producer may hold any integer. Sums of 2,000 such amounts are exact as doubles, too."""
_PPM: Final = 1_000_000
_HUNDREDTHS: Final = 100

# Millionths of a US dollar for one unit of a currency.
_DOLLARS_PPM: Final = {
    "AED": 272_000, "AUD": 650_000, "BHD": 2_700_000, "BRL": 190_000, "CAD": 710_000, "CHF": 1_200_000,
    "CLP": 1_100, "CNY": 140_000, "COP": 260, "CZK": 48_000, "DKK": 160_000, "EGP": 21_000, "EUR": 1_200_000,
    "GBP": 1_300_000, "HKD": 130_000, "HUF": 3_000, "IDR": 60, "ILS": 300_000, "INR": 11_000, "JOD": 1_400_000,
    "JPY": 6_500, "KRW": 690, "KWD": 3_300_000, "MXN": 54_000, "MYR": 240_000, "NGN": 690, "NOK": 99_000,
    "NZD": 570_000, "OMR": 2_600_000, "PHP": 17_000, "PKR": 3_600, "PLN": 270_000, "QAR": 270_000, "RON": 230_000,
    "SAR": 270_000, "SEK": 110_000, "SGD": 770_000, "THB": 31_000, "TRY": 24_000, "TWD": 32_000, "UAH": 24_000,
    "USD": 1_000_000, "VND": 38, "ZAR": 58_000,
}  # fmt: skip


def _reference_ppm(currency: str, exponent: int) -> int:
    """Millionths of a hundredth of a US dollar for one minor unit. A currency without a rate counts as dollars."""
    minor_units = int(10**exponent)
    return _DOLLARS_PPM.get(currency, _PPM) * _HUNDREDTHS // minor_units


RATES_PPM: Final = {currency: _reference_ppm(currency, exponent) for currency, exponent in EXPONENTS.items()}


def reference_amount(amount_minor: int, currency: str) -> int:
    """The amount in hundredths of a US dollar, rounded down, from 0 to `REFERENCE_AMOUNT_MAX`."""
    return min(max(amount_minor, 0) * RATES_PPM.get(currency, _PPM) // _PPM, REFERENCE_AMOUNT_MAX)
