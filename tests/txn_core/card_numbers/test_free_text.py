"""The search for card numbers in free text."""

import re

import pytest

from tests.builders import card_number, issued_card_number
from tests.txn_core.card_lists.published_cards import NUMBERS
from txn_core.card_numbers.free_text import holds_card_number, long_runs

VISA = "4111111111111111"
AMEX = "378282246310005"
CARD = issued_card_number(7)


def in_fours(digits: str, separator: str) -> str:
    """A number in groups of four."""
    return separator.join(digits[at : at + 4] for at in range(0, len(digits), 4))


_ASCII = [" ", "  ", "     ", *"-._/,:;|*'\"\\+\t\n", " - ", ", ", ") ("]
_DOTS_AND_DASHES = "\u00b7\u2022\u2212\u2010\u2011\u2012\u2013\u2014\u2015\u30fb\u30fc\uff0d\uff0f\uff1a\u20ac"
_SPACES = "\u00a0\u2007\u202f\u3000\u2028\u0085"
_INVISIBLE = "\u00ad\u200b\u2060\ufeff\u3164\u034f"
SEPARATORS = [*_ASCII, *_DOTS_AND_DASHES, *_SPACES, *_INVISIBLE]


@pytest.mark.parametrize("number", [*NUMBERS, *[issued_card_number(3, length=length) for length in range(12, 20)]])
def test_not_one_published_test_card_passes(number: str) -> None:
    """As it is printed, in one piece, in fours, and in words."""
    digits = re.sub("[^0-9]", "", number)
    for text in (number, digits, in_fours(digits, " "), in_fours(digits, "-"), f"card no.{digits}, thanks"):
        assert holds_card_number(text)
        assert holds_card_number(f"Apt 12 {text}")
        assert holds_card_number(f"{text} 12/29 123")


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("digits", [VISA, CARD, "6799990100000000019", "36700102000000", "501800000009"])
def test_no_separator_hides_a_card_number(separator: str, digits: str) -> None:
    """Whatever is no letter or digit may stand between its groups, and beside it."""
    assert holds_card_number(in_fours(digits, separator))
    assert holds_card_number(f"{separator}{in_fours(digits, separator)}{separator}")
    assert holds_card_number(f"12{separator}{digits}{separator}5") or separator in _INVISIBLE


@pytest.mark.parametrize(
    "text",
    [
        f"{AMEX[:4]} {AMEX[4:10]} {AMEX[10:]}",
        "3670/010200/0000",
        "620467 9475679144515",
        "1354 12345 678911",
        " ".join(VISA),
        "-".join(CARD),
        f"{VISA[:6]} {VISA[6:]}",
        f"{VISA[:8]} / {VISA[8:]}",
        f"{VISA[:10]}--{VISA[10:]}",
        f"{VISA[:12]},{VISA[12:]}",
        f"({VISA[:4]}) {VISA[4:8]}-{VISA[8:12]}.{VISA[12:]}",
    ],
)
def test_a_card_number_is_found_in_the_groups_that_cards_have(text: str) -> None:
    """As it is printed, digit by digit, cut in two, with separators of several kinds."""
    assert holds_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        f"12 {in_fours(VISA, ' ')}",
        f"1234 {in_fours(VISA, ' ')}",
        f"Apt 12-{VISA}-3",
        f"1-2-3-{CARD}-4",
        f"561 Perry Cove, {in_fours(CARD, ' ')}, 28654-1234",
        f"{in_fours(VISA, ' ')} 12/26 123",
        f"{in_fours(VISA, '-')}-1226-123",
        f"{in_fours(VISA, ' ')} {in_fours('5555555555554445', ' ')}",
        f"{in_fours('5555555555554445', ' ')} {in_fours(VISA, ' ')}",
        f"{VISA},{VISA}",
        f"1 2 3 4 5 6 {in_fours(VISA, ' ')}",
        f"9999 8888 7777 6666 5555 {in_fours(VISA, ' ')}",
        f"+1 800 555 0100 {in_fours(VISA, ' ')}",
        f"DE89 3704 0044 0532 0130 00 {in_fours(VISA, ' ')}",
        f"DE89 {in_fours(VISA, ' ')}",
        f"2019-01-01 00:00:18 {VISA}",
        f"No.{VISA}!",
        f"x\n{VISA}\ny",
        f"id_{VISA}",
        f"#{VISA}",
        f"+{VISA}",
        f"a+{VISA}",
        f"卡号{VISA}です",
        f"é{in_fours(VISA, ' ')}ß",
        VISA.translate({ord(str(d)): 0xFF10 + d for d in range(10)}),
        in_fours(VISA, " ").translate({ord(str(d)): 0x0966 + d for d in range(10)}),
        "".join(f"{digit}\ufe0f\u20e3" for digit in VISA),
        f"{VISA[:9]}\u200b{VISA[9:]}",
        f"{VISA[:8]}\u31641{VISA[9:]}",
        f"card{VISA}",
        f"PAN{VISA}",
        f"cc{in_fours(VISA, ' ')}",
        f"Kub, Card{in_fours(VISA, '-')}",
        f"NO93 8601 1117 947 PAN{VISA}",
        f"DE{VISA}",
        f"{in_fours('4111 1111 1111 1112', '')} card{VISA}",
        "PAN" + "".join(f"{digit}\ufe0f\u20e3" for digit in VISA),
        "  \u20e3 \ufe0f ".join(in_fours(VISA, " ").split()),
    ],
)
def test_what_stands_beside_it_hides_no_card_number(text: str) -> None:
    """House numbers, other cards, expiry and security code, telephone numbers, IBANs, times, other scripts."""
    assert holds_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Rippin, Kub and Mann",
        f"x{VISA}",
        f"{VISA}x",
        f"a{VISA}b",
        f"1{VISA}",
        f"{VISA}000",
        f"{in_fours(VISA, ' ')}x",
        f"x{in_fours(VISA, ' ')}",
        f"{VISA[:8]} x {VISA[8:]}",
        f"0b{VISA}",
        f"a1b{VISA}",
        f"card{VISA}x",
        f"card1{VISA}",
        f"{VISA[:8]} card{VISA[8:]}",
        "NO9386011117947",
        "AT611904300234573201 BE68539007547034",
        f"{VISA[:8]}é{VISA[8:]}",
        "4111111111111112",
        "411111111111116",
        card_number(7),
        "0" * 16,
        "0b242abb623afc578575680df30655b9",
        "550e8400-e29b-41d4-a716-446655440000",
        "561 Perry Cove Apt. 12, 28654-1234",
        "1,234.56 + 12,345,678.90 = 12,346,913.46",
        "2019-01-01 00:00:18.000000, 2020-02-02 11:11:11.111111",
        "01.02.2024 08:00-12:00, 03.02.2024 13:00-18:00",
        "24.10.24 18:00 - 25.10.24 02:00",
        "36.011293, -82.048315; 36.0788 -81.1781",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
        "2019 2020 2021 2022 2023 2024",
        "10x15 20x30 40x60",
        "978-3-16-148410-0, 4006381333931"[:17],
        "+4915112345678 +436641234567",
        "+573101234567, +584121234567, +601112345678, +6281234567890, +639171234567",
    ],
)
def test_other_text_holds_none(text: str) -> None:
    """Digits in longer words, other lengths, issuers and check digits; dates, amounts, places, telephones."""
    assert not holds_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        f"%B{card_number(5)}^DOE/JOHN^2512101",
        f"note ;{card_number(5)}=2512101123?",
        "\uff19111111111111111\uff1d2512101",
    ],
)
def test_track_data_counts_whoever_issued_it(text: str) -> None:
    """A number that no scheme has, between the signs of a magnetic stripe."""
    assert holds_card_number(text)


def test_the_quick_look_lets_nothing_through() -> None:
    """What holds a number or a track has twelve digits in a row."""
    for number in NUMBERS:
        assert long_runs(f"a {number} b".encode()) == 1
    assert long_runs(b"28654-1234 x 561 00:00") == 0
    assert long_runs(b"2024-01-01T00:00:00.000000Z") == 1


def test_an_iban_beside_many_digits_is_searched_as_any_other_text() -> None:
    """It takes time to tell it apart, and nobody writes as much beside one."""
    iban = "DE12 4111 1111 1111 1111 12"
    assert not holds_card_number(iban)
    assert not holds_card_number(f"{iban} {'0123456789012, ' * 14}")
    assert holds_card_number(f"{iban} {'0123456789012, ' * 17}")
    assert not holds_card_number("0123456789012, " * 17)
