"""Magnetic stripe data."""

import pytest

from tests.builders import card_number, issued_card_number
from txn_core.card_numbers.track_data import holds_track_data

# Whoever issued it, and whatever its check digit: track data is track data.
CARD = card_number(5)
WRONG = CARD[:-1] + str((int(CARD[-1]) + 1) % 10)
LONG = issued_card_number(5, length=19)
SPACED = f"{CARD[:4]} {CARD[4:10]} {CARD[10:]}"


@pytest.mark.parametrize(
    "text",
    [
        f"%B{CARD}^DOE/JOHN^25121010000000000000?",
        f"%B{CARD}^",
        f"%{CARD}^DOE/JOHN^2512101",
        f"%b{WRONG}^ /^2512",
        f"B{CARD}^DOE/JOHN^2512101",
        f"{CARD}^DOE/JOHN^2512101",
        f"%B{SPACED}^AMERICAN/EXPRESS^2512101",
        f"note: %B{LONG}^X^2512 end",
        f";{CARD}=25121010000012345678?",
        f";{WRONG}=2512",
        f";01{CARD}=724724",
        f"{CARD}=2512101123",
        f"read {LONG}=2512101 twice",
        f"{CARD}D25121010000012345678F",
        f"({CARD}d2512101)",
        f";{CARD[:12]}=1",
    ],
)
def test_tracks_are_found(text: str) -> None:
    """Track 1, 2 and 3, with sentinels and without, with a chip's separator, in free text."""
    assert holds_track_data(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        CARD,
        f"{CARD} ^ 2",
        f"{CARD[:11]}=2512101",
        f"{CARD}=2513101",
        f"{CARD}=25121",
        f"x{CARD}=2512101",
        f"{CARD}E2512101",
        "a^b^c 12=13; 5=5",
        "0b242abb623afc578575680df30655b9",
        "x = 123456789012; y = 5",
        "2^10 = 1024",
    ],
)
def test_other_text_is_no_track(text: str) -> None:
    """Fewer digits, no month, no service code, or inside a longer word."""
    assert not holds_track_data(text)
