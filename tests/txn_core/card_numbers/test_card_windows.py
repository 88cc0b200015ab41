"""The sieve: it leaves every part that is a card number, by the rule tried out on each part."""

import random
from collections.abc import Iterator

import pytest

from tests.txn_core.card_oracle import is_number
from txn_core.card_numbers.card_windows import chains_with_numbers
from txn_core.card_numbers.issuer_ranges import ROWS

SIZES = (1, 1, 1, 1, 2, 3, 4, 4, 4, 4, 5, 6, 8, 10, 12, 16, 19)


def chain(rng: random.Random) -> str:
    """Groups of usual sizes, whose digits often begin as a scheme's numbers do."""
    groups = []
    size = rng.choice((*SIZES, 0))
    for _ in range(rng.randint(1, 24)):
        digits = "".join(rng.choices("0123456789", k=size or rng.choice(SIZES)))
        if rng.random() < 0.5:
            first = rng.choice(ROWS).first
            digits = (first + digits[len(first) :])[: len(digits)]
        groups.append(digits)
    return " ".join(groups)


def long_enough(rng: random.Random) -> Iterator[str]:
    while True:
        made = chain(rng)
        if len(made) - made.count(" ") >= 12:
            yield made


def holds_number(text: str) -> bool:
    """By the oracle: each part of the chain."""
    groups = text.split()
    return any(
        is_number(groups[start:end])
        for start in range(len(groups))
        for end in range(start + 1, min(len(groups), start + 19) + 1)
    )


@pytest.mark.parametrize("seed", range(4))
def test_it_finds_the_chains_that_the_rule_finds(seed: int) -> None:
    """One chain or many at once, whatever their neighbours are."""
    source = long_enough(random.Random(seed))
    found = 0
    for count in (1, 1, 1, 2, 3, 11, 200):
        chains = [next(source) for _ in range(count)]
        expected = {place for place, each in enumerate(chains) if holds_number(each)}
        assert chains_with_numbers(chains) == expected
        found += len(expected)
    assert 20 < found < 200


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("length", range(12, 20))
def test_no_issuer_is_lost_for_its_first_two_digits(row: tuple[str, str, frozenset[int]], length: int) -> None:
    """The sieve knows issuers by two digits, and leaves all numbers that the exact rule is to see."""
    first, last, lengths = row
    if length in lengths:
        for digits in (first, last):
            numbers = [f"{digits:0<{length - 1}}"[: length - 1] + check for check in "0123456789"]
            assert len(chains_with_numbers(numbers)) == 1
