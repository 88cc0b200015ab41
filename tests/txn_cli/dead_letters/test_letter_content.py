"""What is shown of opened bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import check_digit
from txn_cli.dead_letters.letter_content import masked, shown

CARD = "999901234567890"
CARD += check_digit(CARD)


@pytest.mark.parametrize(
    "text",
    [
        CARD,
        f'{{"card_number":"{CARD}"}}',
        f"x{CARD}y",
        " ".join(CARD[i : i + 4] for i in range(0, 16, 4)),
        "-".join(CARD[i : i + 4] for i in range(0, 16, 4)),
        ".".join(CARD),
        "\u2011".join(CARD),
        f"{CARD}{CARD}",
        "".join(chr(0x660 + int(digit)) for digit in CARD),
    ],
)
def test_what_may_be_a_card_number_is_masked(text: str) -> None:
    """Only the last four digits are left of it."""
    left = [character for character in masked(text) if character.isdecimal()]
    assert len(left) == 4


def test_a_card_number_in_another_encoding_is_masked() -> None:
    text = shown(CARD.encode("utf-16-le"), raw=False)
    assert sum(map(str.isdigit, text.replace("\\x00", ""))) == 4


@pytest.mark.parametrize("text", ["2026-01-02T03:04:05.678901Z", '"amount_minor":1234567', "2026-01-02 03:04"])
def test_times_and_amounts_stay(text: str) -> None:
    assert masked(text) == text


@given(st.binary(max_size=200))
def test_nothing_that_is_shown_acts_on_a_terminal(data: bytes) -> None:
    for raw in (True, False):
        assert shown(data, raw=raw).replace("\n", "").isprintable()


def test_raw_is_not_masked() -> None:
    assert shown(CARD.encode(), raw=True) == CARD
