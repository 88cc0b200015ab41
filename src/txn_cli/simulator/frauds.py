"""What thieves buy: with few cards, on one to three days in a row, several purchases a day.

The shape follows the public simulator Sparkov (github.com/namebrandon/Sparkov_Data_Generation,
`datagen_transaction.py`), which made the Kaggle data: it draws a card's frauds as a whole, on dates of the card, by a
profile of their own. The first 80 days of the sample data show what comes of it. A card with fraud has it on one date
or on two in a row, five times a date in the middle. Half of the frauds are made from 22:00 to 24:00 UTC and a third
from 00:00 to 04:00. In each category their amounts lie close together, most of them far from what holders spend.

One thing is not taken over. Sparkov leaves out what the holder buys on these dates, so that there each purchase is
fraud, and the date alone gives the label away. Here the holder goes on buying, and does not notice. Nor does anybody
block the card: a card may be robbed twice.
"""

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Final

from txn_cli.simulator.customers import Customer
from txn_cli.simulator.merchants import CATEGORIES
from txn_cli.simulator.purchases import DAY_S, PURCHASES_PER_CARD_DAY, Purchase
from txn_cli.simulator.rng import Rng, Weighted

FRAUD_SHARE: Final = 0.0075
"""The share of frauds in all rows; the sample data has 0.00753."""
DAYS: Final = (1, 1, 1, 2, 2, 2, 2, 2, 3, 3)
A_DAY: Final = (2, 6)
"""The fewest and the most frauds with a card on a day."""
_MEAN_FRAUDS: Final = sum(DAYS) / len(DAYS) * sum(A_DAY) / 2
_HOURS: Final = Weighted(range(24), [9] * 4 + [1] * 18 + [24] * 2)
_CATEGORIES: Final = Weighted(CATEGORIES, [category.fraud_per_mille for category in CATEGORIES])


def frauds(seed: int, people: Sequence[Customer]) -> Iterator[Purchase]:
    """The thieves' purchases in the order of time, without end."""
    rng = Rng(seed, "frauds")
    later: list[tuple[int, int, Purchase]] = []
    numbers = count()
    for day in _thefts(rng, len(people)):
        while later and later[0][0] < day * DAY_S:
            yield heappop(later)[-1]
        for fraud in _with_one_card(rng, day, rng.pick(people)):
            heappush(later, (fraud.at_s, next(numbers), fraud))


def _thefts(rng: Rng, cards: int) -> Iterator[int]:
    """The days on which a card falls to a thief, ascending: so regularly that a short simulation has some, too."""
    mean_gap = _MEAN_FRAUDS * (1.0 - FRAUD_SHARE) / (FRAUD_SHARE * PURCHASES_PER_CARD_DAY * cards)
    elapsed = -mean_gap / 2
    for _ in count():
        elapsed += mean_gap * (0.5 + rng.fraction())
        yield int(elapsed)


def _with_one_card(rng: Rng, first_day: int, person: Customer) -> Iterator[Purchase]:
    for day in range(first_day, first_day + rng.pick(DAYS)):
        for _ in range(rng.between(*A_DAY)):
            at_s = day * DAY_S + _HOURS.pick(rng) * 3_600 + rng.below(3_600)
            yield Purchase(at_s, person, _CATEGORIES.pick(rng), is_fraud=True)
