"""Card numbers that pass the Luhn check and belong to nobody, in the mix of schemes that the Kaggle data has."""

from dataclasses import dataclass
from typing import Final

from txn_cli.simulator.rng import Rng, Weighted
from txn_core.card_numbers.pan import passes_luhn


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a card scheme's numbers begin and how long they are (ISO/IEC 7812)."""

    prefixes: tuple[str, ...]
    length: int
    weight: int


SCHEMES: Final = (
    Scheme(("4",), 16, 18),
    Scheme(("4",), 13, 7),
    Scheme(("4",), 19, 9),
    Scheme(("51", "52", "53", "54", "55", "2221", "2458", "2703"), 16, 12),
    Scheme(("6011", "65"), 16, 8),
    Scheme(("3528", "3556", "3589"), 16, 14),
    Scheme(("2131", "1800"), 15, 8),
    Scheme(("34", "37"), 15, 8),
    Scheme(("300", "304", "36", "38"), 14, 8),
    Scheme(("5018", "5020", "5038", "6304"), 12, 7),
    Scheme(("60", "5893", "6761"), 11, 1),
)
_BY_WEIGHT: Final = Weighted(SCHEMES, [scheme.weight for scheme in SCHEMES])


def card_number(rng: Rng) -> str:
    """A made-up card number of 11 to 19 digits."""
    scheme = _BY_WEIGHT.pick(rng)
    prefix = rng.pick(scheme.prefixes)
    return with_check_digit(prefix + rng.digits(scheme.length - 1 - len(prefix)))


def with_check_digit(digits: str) -> str:
    """The digits and the one that makes them pass the Luhn check (ISO/IEC 7812-1, annex B)."""
    return next(number for check in "0123456789" if passes_luhn(number := digits + check))
