"""The search for card numbers against its rule, carried out slowly (`card_oracle`)."""

import random
from collections.abc import Callable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.builders import with_check_digit
from tests.txn_core import card_oracle
from tests.txn_core.card_lists import ibans, telephone_texts
from txn_core.card_numbers.free_text import holds_card_number
from txn_core.card_numbers.issuer_ranges import ROWS

_SEPARATED = st.sampled_from(
    ["", " ", " ", "-", "  ", "/", ", ", ".", "+", " +", "x", " x ", "\u2212", "\u200b", "é"]
)


def _issued(dice: random.Random) -> str:
    row = dice.choice(ROWS)
    length = dice.choice(sorted(row.lengths))
    return with_check_digit(
        dice.choice([row.first, row.last]).ljust(length - 1, str(dice.randrange(10)))[: length - 1]
    )


def _in_fours(digits: str, separator: str) -> str:
    return separator.join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _cut(dice: random.Random, digits: str) -> str:
    places = sorted(dice.sample(range(1, len(digits)), dice.randrange(4)))
    separator = dice.choice([" ", "-", "  "])
    return separator.join(digits[a:b] for a, b in zip([0, *places], [*places, None], strict=True))


_PIECES: list[Callable[[random.Random], str]] = [
    _issued,
    lambda dice: _in_fours(_issued(dice), dice.choice([" ", "-", "/", "  "])),
    lambda dice: _cut(dice, _issued(dice)),
    lambda dice: str(dice.randrange(10 ** dice.randint(1, 20))),
    lambda dice: " ".join(dice.choices("0123456789", k=dice.randint(10, 24))),
    lambda dice: " ".join(f"{dice.randrange(10_000):04}" for _ in range(dice.randint(1, 6))),
    lambda dice: next(telephone_texts.telephone_texts(1, seed=dice.getrandbits(32))),
    lambda dice: next(ibans.grouped_ibans(1, seed=dice.getrandbits(32))),
    lambda dice: f"+{dice.choice(['49', '43', '57', '63', '1', '4'])}{dice.randrange(10**11)}",
    lambda dice: f"%B{_issued(dice)}^A/B^2512101",
    lambda dice: f"{_issued(dice)}=2512101",
    lambda dice: dice.choice(["card", "PAN", "x", "a1b", "DE", "cc "]) + _cut(dice, _issued(dice)),
    lambda dice: dice.choice(["Kub", "DE89", "é", "", "AT12", "x", "12/26"]),
]


def _agrees(text: str) -> bool:
    return holds_card_number(text) == card_oracle.holds_card_number(text)


@given(st.lists(st.tuples(st.integers(0, 2**32), st.sampled_from(_PIECES), _SEPARATED), max_size=4))
@settings(max_examples=300)
def test_the_search_keeps_to_its_rule_on_made_up_texts(pieces: list[tuple[int, Any, str]]) -> None:
    """It finds a number exactly where one part of a chain, tried one by one, is one."""
    assert _agrees("".join(separator + piece(random.Random(seed)) for seed, piece, separator in pieces))


@given(st.text(st.sampled_from("0123456789 -/+xX^=%;.é\uff14\u200b\u2212"), max_size=60))
@settings(max_examples=300)
@example("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1")
@example("+49 4111 1111 1111 1111")
def test_the_search_keeps_to_its_rule_on_any_text(text: str) -> None:
    """Also on digits and separators without sense."""
    assert _agrees(text)


def test_the_search_keeps_to_its_rule_on_many_texts() -> None:
    """Both answers come often, and alike."""
    dice = random.Random(7)
    texts = [
        "".join(dice.choice(["", " ", ", ", "-"]) + dice.choice(_PIECES)(dice) for _ in range(dice.randint(1, 3)))
        for _ in range(4_000)
    ]
    assert all(map(_agrees, texts))
    assert 800 < sum(map(holds_card_number, texts)) < 3_200
