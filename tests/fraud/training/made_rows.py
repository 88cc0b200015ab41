"""Labelled transactions of a few cards whose frauds can mostly be told: at night, several in a row, large."""

import random
from functools import cache

from fraud.observations.observation import Observation
from fraud.training.labelled import DAY_S, Labelled
from fraud.training.training import Request, Trained, train

BEGAN_S = 1_546_300_800  # 2019-01-01
KEY = bytes(range(32))
CATEGORIES = ("home", "travel", "grocery_pos", "shopping_net")


def made_rows(*, cards: int = 24, days: int = 20, seed: int = 1) -> list[Labelled]:
    """Three purchases a card and day, and on some days of every third card frauds."""
    rng = random.Random(seed)
    rows = []
    for card in range(cards):
        for day in range(days):
            at_s = BEGAN_S + day * DAY_S
            rows += [
                row(card, at_s + rng.randrange(DAY_S), int(1_000 * 2 ** (5 * rng.random())), rng) for _ in range(3)
            ]
            if card % 3 == 0 and (day + card) % 4 == 0:
                rows += [
                    row(
                        card,
                        at_s + number * 5_000 + rng.randrange(9_000),
                        int(6_000 * 2 ** (3 * rng.random())),
                        rng,
                        fraud=True,
                    )
                    for number in range(4)
                ]
    return sorted(rows, key=lambda each: each.observation.occurred_at_us)


def row(card: int, at_s: int, amount: int, rng: random.Random, *, fraud: bool = False) -> Labelled:
    """One transaction."""
    return Labelled(
        Observation(
            account="acme",
            card_id=f"card_{card}",
            card_aliases=(),
            transaction_id=f"{rng.getrandbits(64):016x}",
            type="purchase",
            amount_minor=amount,
            currency="USD",
            occurred_at_us=at_s * 1_000_000,
            category=rng.choice(CATEGORIES),
            merchant_id=f"mer_{rng.randrange(9)}",
            customer_latitude=40.0,
            customer_longitude=-75.0,
            merchant_latitude=40.0 + rng.random(),
            merchant_longitude=-75.0 - rng.random(),
            gender="F",
            date_of_birth="1980-05-06",
            city_population=10_000,
            state="NY",
            job=None,
            entry_mode=None,
            terminal_id=None,
        ),
        is_fraud=fraud,
    )


@cache
def trained() -> Trained:
    """A model of these rows, signed."""
    return train(made_rows(), Request(source="made rows", trees=8, key=KEY))
