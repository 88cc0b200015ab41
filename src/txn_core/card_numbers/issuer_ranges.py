"""The first digits and lengths of the card numbers that payment schemes issue (ISO/IEC 7812).

The check digit alone proves little: one number in ten has it by chance. A number in free text counts as a card number
only if a scheme issues numbers with its first digits and its length. Sources of the rows are named by letters:

B  Baymard Institute, "Credit Card IIN Ranges & Spacing Patterns"
C  Braintree's credit-card-type
J  jQuery Credit Card Validator, whose ranges follow those that Discover publishes for itself and its partners
G  the scheme table of gLuhn
P  test cards that payment processors publish (`tests/txn_core/card_lists/published_cards.py` has them page by page)
W  Wikipedia, "Payment card number", the table of issuer identification numbers (July 2024), and "RuPay"

Each row costs false refusals: of random 64-bit ids about one in ten thousand for each hundredth of all numbers of 19
digits. So a row leaves out what a source allows and no card is known to have: most of Maestro's range with 17 to 19
digits, Visa with 14, 15, 17 and 18, and cards that only one country's shops or buses take. `docs/security.md` has
what the table costs.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final, NamedTuple, Self

FIRST_DIGITS: Final = 8
"""As many digits as an issuer's identification number has at most (ISO/IEC 7812-1:2017)."""


class IssuerRange(NamedTuple):
    """Numbers with these first digits, `first` to `last` (equally long), and one of these lengths."""

    first: str
    last: str
    lengths: frozenset[int]


class IssuerRanges:
    """A set of ranges, asked for the lengths that numbers with some first digits have."""

    __slots__ = ("_lengths", "_starts")

    def __init__(self, ranges: Iterable[IssuerRange]) -> None:
        """Take ranges, which may overlap."""
        bounds = [(_padded(each.first, "0"), _padded(each.last, "9") + 1, each.lengths) for each in ranges]
        self._starts = sorted({0, *(edge for first, end, _ in bounds for edge in (first, end))})
        self._lengths = [
            tuple(sorted({length for first, end, lengths in bounds if first <= start < end for length in lengths}))
            for start in self._starts
        ]

    @classmethod
    def parse(cls, text: str, *, lengths: frozenset[int]) -> Self:
        """The ranges of a text such as `62, 8100-8171:16-19`; `lengths` are those of a range that names none.

        Raises:
            ValueError: the text is not of that form; its message does not repeat it.
        """
        return cls(each for part in text.split(",") if part.strip() for each in [_range(part.strip(), lengths)])

    def lengths(self, first_digits: str) -> tuple[int, ...]:
        """The lengths of numbers that begin with these (at least `FIRST_DIGITS`) ASCII digits, shortest first."""
        return self._lengths[bisect_right(self._starts, int(first_digits[:FIRST_DIGITS])) - 1]

    def __contains__(self, digits: str) -> bool:
        return len(digits) in self.lengths(digits)

    def __bool__(self) -> bool:
        return any(self._lengths)


def _padded(digits: str, filler: str) -> int:
    return int(digits.ljust(FIRST_DIGITS, filler))


def _range(text: str, lengths: frozenset[int]) -> IssuerRange:
    digits, _, named = text.partition(":")
    first, last = _ends(digits)
    if named:
        shortest, longest = map(int, _ends(named))
        if not {shortest, longest} <= lengths or shortest > longest:
            raise ValueError("the lengths of a range are not those of a card number")
        lengths = frozenset(range(shortest, longest + 1))
    if len(first) != len(last) or len(first) > FIRST_DIGITS or first > last:
        raise ValueError("a range does not go from some first digits to as many others")
    return IssuerRange(first, last, lengths)


def _ends(text: str) -> tuple[str, str]:
    first, dash, last = text.partition("-")
    ends = first.strip(), (last if dash else first).strip()
    if not all(end.isascii() and end.isdigit() for end in ends):
        raise ValueError("a range is not of digits")
    return ends


def _rows(*rows: tuple[str, str, str, str]) -> Iterable[IssuerRange]:
    """The ranges of rows: whose, first digits, lengths, sources."""
    for _, digits, lengths, _ in rows:
        every = frozenset(length for part in lengths.split() for length in _lengths_of(part))
        for part in digits.split():
            yield IssuerRange(*_ends(part), every)


def _lengths_of(text: str) -> range:
    shortest, longest = map(int, _ends(text))
    return range(shortest, longest + 1)


NO_RANGES: Final = IssuerRanges(())
ROWS: Final = tuple(
    _rows(
        ("Visa", "4", "13 16 19", "B W"),
        ("Visa, once Switch", "4903 4905 4911 4936", "18", "P W"),
        ("Mastercard", "51-55 2221-2720", "16", "B W"),
        ("American Express", "34 37", "15", "B W"),
        ("American Express as a test card of Worldpay has it", "343434", "14", "P"),
        ("Discover", "6011 644-649 65", "16-19", "J W"),
        ("Diners Club", "300-305 309 36 38 39", "14-19", "J W"),
        ("JCB", "3528-3589", "16-19", "C P"),
        ("JCB", "3088-3094 3096-3102 3112-3120 3158-3159 3337-3349", "16", "J P"),
        ("JCB, old", "1800 2100 2131", "15", "C P"),
        ("UnionPay", "62 8100-8171", "13-19", "C P"),
        ("Maestro", "50 56-69", "12-16", "C J"),
        ("Maestro", "50 5641 5644 586 589 6304 6331 6333 6334 6390 67", "17-19", "P W"),
        ("Maestro as generators of test cards have it", "0604", "12-16", "P"),
        ("Mir", "2200-2204", "16-19", "C W"),
        ("RuPay", "508 60 65 81 82 353 356", "16", "W"),
        ("Troy", "65 9792", "16", "P W"),
        ("Elo", "401178 401179 431274 438935 451416 457393 457631 457632 504175 5067 509", "16", "C"),
        ("Elo", "627780 636297 636368 650 6516 655", "16", "C"),
        ("Hipercard", "3841 606282", "16 19", "G P"),
        ("Hiper", "637095 637568 637599 637609 637612", "16", "C"),
        ("UATP; behind the 1 stands an airline's code", "1001-1999", "15", "B W"),
        ("Verve", "506099-506198 507865-507964 650002-650027", "16 18 19", "W"),
        ("Dankort", "4571 5019", "16", "B W"),
        ("InterPayment", "636", "16 17 19", "W"),
        ("InstaPayment", "637-639", "16", "W"),
        ("UkrCard", "604001-604200", "16-19", "W"),
        ("BORICA, PayPak", "2205", "15-19", "P W"),
        ("UzCard, Humo", "5614 8600 9860", "16", "W"),
        ("Napas", "9704", "16 19", "W"),
        ("mada", "9682", "16", "P"),
        ("no scheme: test cards of Saferpay and Pay360", "945112 9900-9903 9905", "16", "P"),
    )
)
"""Every row says whose numbers it has, their first digits, their lengths, and where that is written."""
ISSUERS: Final = IssuerRanges(ROWS)
