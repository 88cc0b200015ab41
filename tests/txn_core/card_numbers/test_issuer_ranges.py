"""First digits and lengths."""

import random
import re

import pytest

from tests.txn_core.card_lists.published_cards import NUMBERS
from txn_core.card_numbers.issuer_ranges import FIRST_DIGITS, ISSUERS, NO_RANGES, ROWS, IssuerRange, IssuerRanges
from txn_core.card_numbers.pan import LENGTHS

SOME = IssuerRanges.parse("62, 8100-8171:16-19, 12345678:8", lengths=LENGTHS)


def listed(digits: str) -> bool:
    """Whether some row has the number, looked for in one after the other."""
    return any(row.first <= digits[: len(row.first)] <= row.last and len(digits) in row.lengths for row in ROWS)


@pytest.mark.parametrize(
    "digits", ["62000000", "6299999999999999999", "8100" + "0" * 12, "8171" + "9" * 15, "12345678"]
)
def test_a_range_has_its_ends_and_lengths(digits: str) -> None:
    """From the first of its numbers to the last, with each of its lengths."""
    assert digits in SOME


@pytest.mark.parametrize(
    "digits",
    ["61999999", "63000000", "8099" + "9" * 12, "8172" + "0" * 12, "8100" + "0" * 11, "123456789", "1234567"],
)
def test_what_is_beside_a_range_is_not_in_it(digits: str) -> None:
    """Nor is a number of another length."""
    assert digits not in SOME


def test_ranges_may_overlap() -> None:
    """A number has the lengths of all of them, and behind the inner one the outer one goes on."""
    both = IssuerRanges.parse("6:16, 6011:19, 6011-6012:18", lengths=LENGTHS)
    assert [both.lengths(first.ljust(FIRST_DIGITS, "0")) for first in ("6010", "6011", "6012", "6013")] == [
        *((16,), (16, 18, 19), (16, 18), (16,))
    ]


def test_no_ranges_have_nothing() -> None:
    """An empty setting is none."""
    assert not NO_RANGES
    assert not IssuerRanges.parse("  ", lengths=LENGTHS)
    assert SOME
    assert "6200000000000005" not in NO_RANGES


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "62-",
        "-62",
        "62:x",
        "62:7",
        "62:20",
        "62:19-16",
        "63-62",
        "62-630",
        "123456789",
        "62;63",
        "62:16:17",
    ],
)
def test_another_form_is_refused_and_not_repeated(text: str) -> None:
    """A mistyped setting does not start a service, and may hold what is nobody's business."""
    with pytest.raises(ValueError, match="range") as caught:
        IssuerRanges.parse(text, lengths=LENGTHS)
    assert text not in str(caught.value)


def test_the_table_is_asked_as_its_rows_say() -> None:
    """Numbers around every end of every row, and random ones, with all lengths."""
    rng = random.Random(1)
    beginnings = [end for row in ROWS for end in (row.first, row.last)]
    beginnings += [str(int(first) + step) for first in beginnings for step in (-1, 1)]
    beginnings += [str(rng.randrange(10**7, 10**8)) for _ in range(2_000)]
    for beginning in beginnings:
        for length in LENGTHS:
            for filler in "09":
                digits = beginning.ljust(length, filler)[:length]
                assert (digits in ISSUERS) == listed(digits), digits


def test_rows_are_card_numbers() -> None:
    """First digits as long as last ones, in order, and lengths that cards have."""
    assert all(
        len(row.first) == len(row.last) <= FIRST_DIGITS and row.first <= row.last and row.lengths <= LENGTHS
        for row in ROWS
    )
    assert IssuerRange("4", "4", frozenset({13, 16, 19})) in ROWS


@pytest.mark.parametrize("number", NUMBERS)
def test_every_published_test_card_is_in_a_range(number: str) -> None:
    """The pages of payment processors know each scheme's numbers."""
    assert re.sub("[^0-9]", "", number) in ISSUERS
