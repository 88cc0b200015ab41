"""The card number and the one type that may hold it."""

import copy
import json
import logging
import pickle
import pprint
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from tests.builders import card_number, check_digit, pan, with_check_digit
from txn_core.card_numbers.issuer_ranges import NO_RANGES, IssuerRanges
from txn_core.card_numbers.pan import LENGTHS as CARD_LENGTHS
from txn_core.card_numbers.pan import CardDigits, Pan, mask, passes_luhn

LENGTHS = range(8, 20)
CARD = card_number(7)


@given(st.text("0123456789", min_size=7, max_size=18))
@settings(max_examples=200)
def test_the_luhn_check_agrees_with_the_textbook(digits: str) -> None:
    """Of the ten digits behind a number, exactly the textbook's check digit passes."""
    assert [d for d in "0123456789" if passes_luhn(digits + d)] == [check_digit(digits)]


@pytest.mark.parametrize("length", LENGTHS)
def test_a_card_number_has_8_to_19_digits(length: int) -> None:
    """Every length from 8 to 19 is taken, and the digits come back as they were."""
    assert pan(length=length).digits_for_identity() == card_number(length=length)


@pytest.mark.parametrize(
    "text",
    [
        "",
        card_number(length=8)[:7],
        with_check_digit("9" + "0" * 18),
        f" {CARD}",
        f"{CARD}\n",
        f"{CARD[:4]} {CARD[4:]}",
        f"{CARD[:4]}-{CARD[4:]}",
        f"+{CARD}",
        CARD.translate({ord(str(d)): 0x0660 + d for d in range(10)}),
        CARD.translate({ord(str(d)): 0xFF10 + d for d in range(10)}),
        "9.9999E+15",
    ],
)
def test_anything_but_8_to_19_ascii_digits_is_refused(text: str) -> None:
    """Separators, other scripts' digits and other lengths are refused by format, without repeating them."""
    with pytest.raises(PydanticCustomError) as caught:
        Pan(text)
    assert caught.value.type == "card_number_format"
    assert not text or text.strip() not in str(caught.value)


def test_a_wrong_check_digit_is_refused() -> None:
    """A number that fails Luhn is refused, and the error does not say which number."""
    wrong = CARD[:-1] + str((int(CARD[-1]) + 1) % 10)
    with pytest.raises(PydanticCustomError) as caught:
        Pan(wrong)
    assert caught.value.type == "card_number_luhn"
    assert wrong not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("length", LENGTHS)
def test_the_mask_hides_six_digits_at_every_length(length: int) -> None:
    """At least six digits are hidden, the last four and at most six leading ones stay as far as that allows."""
    digits = card_number(12345, length=length)
    masked = mask(digits)
    assert len(masked) == length
    assert masked.count("*") >= 6
    assert all(shown in {"*", digit} for shown, digit in zip(masked, digits, strict=True))
    lead, tail = masked.split("*", 1)[0], masked.rsplit("*", 1)[1]
    assert len(lead) == (0 if length < 10 else min(6, length - 10))
    assert len(tail) == min(4, length - 6)


@pytest.mark.parametrize(
    ("digits", "masked"),
    [
        ("91234567", "******67"),
        ("912345678", "******678"),
        ("9123456789", "******6789"),
        ("91234567891", "9******7891"),
        ("9123456789123456", "912345******3456"),
        ("9123456789123456789", "912345*********6789"),
    ],
)
def test_masks_by_example(digits: str, masked: str) -> None:
    """Known answers of the mask rule."""
    assert mask(digits) == masked


@pytest.mark.parametrize("length", LENGTHS)
def test_mask_and_luhn_together_leave_many_candidates(length: int) -> None:
    """With all hidden digits but one free, Luhn settles the last: at least 100,000 numbers have the same mask."""
    assert 10 ** (mask(card_number(length=length)).count("*") - 1) >= 100_000


def test_no_way_of_printing_shows_the_digits() -> None:
    """repr, str, format, logging and pprint of a card number, alone and inside others, hide it."""
    number = pan(7)
    record = logging.LogRecord("x", logging.INFO, "f", 1, "%s %r", (number, number), None)
    printed = [
        repr(number),
        str(number),
        f"{number} {number!r} {number:>30} {number!s} {number!a}",
        "%s %r" % (number, number),  # noqa: UP031 - old formatting has its own path
        pprint.pformat({"card": [number]}),
        record.getMessage(),
    ]
    assert not [text for text in printed if CARD in text or CARD[-4:] in text]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_card_number_is_not_pickled(protocol: int) -> None:
    """No pickle protocol takes a card number."""
    with pytest.raises(TypeError, match="not serialised"):
        pickle.dumps(pan(), protocol)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, json.dumps, hash, bytes, dict, list, vars, len])
def test_a_card_number_is_not_copied_dumped_hashed_or_taken_apart(duplicate: object) -> None:
    """What would leave a second copy or a trace of the digits raises."""
    assert callable(duplicate)
    with pytest.raises(TypeError):
        duplicate(pan())


def test_a_card_number_equals_no_text() -> None:
    """Equal to the same card number, never to text: a comparison cannot be used to find it out."""
    assert pan(7) == pan(7)
    assert pan(7) != pan(8)
    assert pan(7) != CARD


EXEMPT = IssuerRanges.parse("9012:16, 62", lengths=CARD_LENGTHS)
UNCHECKED = "9012000000000001"


def test_a_range_that_is_exempt_needs_no_check_digit() -> None:
    """A number of such a range and length is taken with any last digit, and its mask hides a million candidates."""
    assert not passes_luhn(UNCHECKED)
    number = Pan(UNCHECKED, EXEMPT)
    assert (number.digits_for_identity(), number.masked) == (UNCHECKED, "901200******0001")
    assert Pan("6200000000000000001", EXEMPT).digits_for_identity() == "6200000000000000001"


@pytest.mark.parametrize("digits", [UNCHECKED + "1", "9013000000000001", "4111111111111112"])
def test_other_ranges_and_lengths_are_held_to_theirs(digits: str) -> None:
    """What is not in an exempt range ends in its check digit or is refused."""
    with pytest.raises(PydanticCustomError) as caught:
        Pan(digits, EXEMPT)
    assert caught.value.type == "card_number_luhn"


def test_digits_that_are_not_checked_yet_hide_themselves_and_are_no_card_number() -> None:
    """A look-up's number has its form alone; it is a card number once the settings say what needs no check digit."""
    given = CardDigits(UNCHECKED)
    assert UNCHECKED not in f"{given} {given!r}"
    assert given != Pan(UNCHECKED, EXEMPT)
    assert given.checked(EXEMPT) == Pan(UNCHECKED, EXEMPT)
    with pytest.raises(PydanticCustomError, match="Luhn"):
        given.checked(NO_RANGES)
    with pytest.raises(PydanticCustomError) as caught:
        CardDigits(UNCHECKED[:7])
    assert caught.value.type == "card_number_format"
    with pytest.raises(TypeError, match="not serialised"):
        pickle.dumps(given)
