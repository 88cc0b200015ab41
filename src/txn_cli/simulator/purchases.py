"""What holders buy: at random, each card as often as its holder uses it, fewer in the morning than in the evening."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final, NamedTuple

from txn_cli.simulator.customers import Customer
from txn_cli.simulator.merchants import CATEGORIES, Category
from txn_cli.simulator.rng import Rng, Weighted

DAY_S: Final = 86_400
# What the sample data shows: 2.1 purchases a card and day, fewer in the morning, most in the evening.
PURCHASES_PER_CARD_DAY: Final = 2.1
_HOURLY: Final = (.65, .65, .65, .65, .65, .65, .65, .65, .65, .65, .65, .65,
                  1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1.)  # fmt: skip
_HOURLY_MEAN: Final = sum(_HOURLY) / len(_HOURLY)
_CATEGORIES: Final = Weighted(CATEGORIES, [category.per_mille for category in CATEGORIES])


class Purchase(NamedTuple):
    """Who buys what kind of thing, and when: `at_s` are seconds since the simulation began."""

    at_s: int
    person: Customer
    category: Category
    is_fraud: bool


def purchases(seed: int, people: Sequence[Customer]) -> Iterator[Purchase]:
    """The holders' purchases in the order of time, without end."""
    rng = Rng(seed, "purchases")
    by_activity = Weighted(people, [person.activity for person in people])
    for at_s in _moments(seed, len(people)):
        category = _CATEGORIES.pick(rng)
        yield Purchase(at_s, by_activity.pick(rng), category, is_fraud=False)


def _moments(seed: int, cards: int) -> Iterator[int]:
    """When somebody buys: at random, thinned out in the hours in which fewer do."""
    rng = Rng(seed, "moments")
    mean_gap_s = DAY_S * _HOURLY_MEAN / (PURCHASES_PER_CARD_DAY * cards)
    elapsed_s = 0.0
    for _ in count():
        elapsed_s += rng.gap(mean_gap_s)
        if rng.chance(_HOURLY[int(elapsed_s % DAY_S) // 3600]):
            yield int(elapsed_s)
