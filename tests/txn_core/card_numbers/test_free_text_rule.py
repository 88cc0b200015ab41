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


def _issued(rng: random.Random) -> str:
    row = rng.choice(ROWS)
    length = rng.choice(sorted(row.lengths))
    return with_check_digit(rng.choice([row.first, row.last]).ljust(length - 1, str(rng.randrange(10)))[: length - 1])


def _in_fours(digits: str, separator: str) -> str:
    return separator.join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _cut(rng: random.Random, digits: str) -> str:
    places = sorted(rng.sample(range(1, len(digits)), rng.randrange(4)))
    separator = rng.choice([" ", "-", "  "])
    return separator.join(digits[a:b] for a, b in zip([0, *places], [*places, None], strict=True))


_PIECES: list[Callable[[random.Random], str]] = [
    _issued,
    lambda rng: _in_fours(_issued(rng), rng.choice([" ", "-", "/", "  "])),
    lambda rng: _cut(rng, _issued(rng)),
    lambda rng: str(rng.randrange(10 ** rng.randint(1, 20))),
    lambda rng: " ".join(rng.choices("0123456789", k=rng.randint(10, 24))),
    lambda rng: " ".join(f"{rng.randrange(10_000):04}" for _ in range(rng.randint(1, 6))),
    lambda rng: next(telephone_texts.telephone_texts(1, seed=rng.getrandbits(32))),
    lambda rng: next(ibans.grouped_ibans(1, seed=rng.getrandbits(32))),
    lambda rng: f"+{rng.choice(['49', '43', '57', '63', '1', '4'])}{rng.randrange(10**11)}",
    lambda rng: f"%B{_issued(rng)}^A/B^2512101",
    lambda rng: f"{_issued(rng)}=2512101",
    lambda rng: rng.choice(["card", "PAN", "x", "a1b", "DE", "cc "]) + _cut(rng, _issued(rng)),
    lambda rng: rng.choice(["Kub", "DE89", "é", "", "AT12", "x", "12/26"]),
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
    rng = random.Random(7)
    texts = [
        "".join(rng.choice(["", " ", ", ", "-"]) + rng.choice(_PIECES)(rng) for _ in range(rng.randint(1, 3)))
        for _ in range(4_000)
    ]
    assert all(map(_agrees, texts))
    assert 800 < sum(map(holds_card_number, texts)) < 3_200
