"""International bank account numbers."""

import random

import pytest

from tests.txn_core.card_lists.ibans import STRUCTURES, made_up
from txn_core.card_numbers.card_windows import BREAK
from txn_core.card_numbers.iban import CANDIDATES_MAX, LOOKED_AT_MAX, without_ibans

# Examples of the IBAN Registry.
EXAMPLES = [
    "AT61 1904 3002 3457 3201",
    "BE68 5390 0754 7034",
    "CH93 0076 2011 6238 5295 7",
    "DE89 3704 0044 0532 0130 00",
    "FR14 2004 1010 0505 0001 3M02 606",
    "GB29 NWBK 6016 1331 9268 19",
    "LC55 HEMM 0001 0001 0012 0012 0002 3015",
    "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
    "NO93 8601 1117 947",
    "UA21 3223 1300 0002 6007 2335 6600 1",
]


def left(text: str) -> list[str | None]:
    """The words that are no IBAN's."""
    return [None if word == BREAK else word for word in without_ibans(text).split()]


@pytest.mark.parametrize("iban", EXAMPLES)
def test_an_iban_goes_in_any_groups(iban: str) -> None:
    """In fours, in one piece, in other groups, in small letters, between other words."""
    assert left(iban) == left(iban.replace(" ", "")) == left(iban.lower()) == [None]
    assert left(f"to {iban} 12") == ["to", None, "12"]
    assert left(f"{iban[:2]}{iban[2:].replace(' ', '')[:5]} {iban.replace(' ', '')[7:]}") == [None]


@pytest.mark.parametrize("country", sorted(STRUCTURES))
def test_lengths_are_those_of_the_registry(country: str) -> None:
    """A made-up one of each country goes, with a wrong check digit only if it is printed in fours."""
    iban = made_up(random.Random(country), country)
    wrong = f"{country}{(int(iban[2:4]) + 1) % 100:02}{iban[4:]}"
    fours = " ".join(wrong[at : at + 4] for at in range(0, len(wrong), 4))
    assert left(iban) == left(fours) == [None]
    assert left(wrong) == [wrong]
    assert left(fours.lower()) == fours.lower().split()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "DE89",
        "DE89 3704 0044 0532 0130",
        "DE89 3704 0044 0532 0130 000",
        "DE89 4111 1111 1111 1111",
        "DE88 3704 0044 0532 013000",
        "XX12 4111 1111 1111 1111",
        "AT12 4111111111111111",
        "A612 1904 3002 3457 3201",
        "AT 61 1904 3002 3457 3201",
        "Apt 12 4111 1111 1111 1111",
    ],
)
def test_other_words_stay(text: str) -> None:
    """Of another length, of no country, or with wrong check digits in other groups than fours."""
    assert left(text) == text.split()


def test_a_card_number_beside_an_iban_stays() -> None:
    """In front of it and behind it."""
    iban, card = EXAMPLES[3], "4111 1111 1111 1111"
    assert left(f"{card} {iban} {card}") == [*card.split(), None, *card.split()]


def test_of_many_ibans_the_first_are_looked_at() -> None:
    """No honest request has as many, and each takes time."""
    assert left(" ".join([EXAMPLES[3]] * (LOOKED_AT_MAX + 1))) == [None] * LOOKED_AT_MAX + EXAMPLES[3].split()
    assert left(" ".join(["SW19"] * 10 + [EXAMPLES[3]])) == ["SW19"] * 10 + [None]
    assert None not in left(" ".join(["SW19"] * CANDIDATES_MAX + [EXAMPLES[3]]))
