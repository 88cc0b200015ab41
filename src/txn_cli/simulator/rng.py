"""Random choices that stay the same over Python versions.

`random.Random` promises that for `random()` alone (its other methods have changed before), so everything here is
made of it.
"""

import math
import random
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_WHOLE: Final = 1 << 32


class Rng:
    """A source of choices that a seed and a purpose determine."""

    def __init__(self, seed: int, purpose: str) -> None:
        # A text seeds by its SHA-512, whatever PYTHONHASHSEED says.
        self._random = random.Random(f"txn-simulate/{seed}/{purpose}")  # noqa: S311 - reproducible, not secret

    def below(self, bound: int) -> int:
        """A whole number from 0 to `bound - 1`."""
        return int(self._random.random() * _WHOLE) * bound >> 32

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._random.random() < probability

    def fraction(self) -> float:
        """A number from 0 up to, not including, 1."""
        return self._random.random()

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, each as likely."""
        return choices[self.below(len(choices))]

    def digits(self, count: int) -> str:
        """A text of so many digits."""
        return "".join(str(self.below(10)) for _ in range(count))

    def gap(self, mean: float) -> float:
        """A wait between events that come at random, with this mean (exponential)."""
        return -mean * math.log1p(-self._random.random())

    def log_normal(self, median: float, spread: float) -> float:
        """A positive number around the median, its logarithm spread normally (Box and Muller)."""
        radius = math.sqrt(-2.0 * math.log1p(-self._random.random()))
        return median * math.exp(spread * radius * math.cos(2.0 * math.pi * self._random.random()))


class Weighted(Generic[T]):
    """Choices of which some are likelier than others."""

    def __init__(self, choices: Sequence[T], weights: Sequence[float]) -> None:
        self._choices = choices
        self._bounds = list(accumulate(weights))

    @classmethod
    def by_rank(cls, choices: Sequence[T]) -> "Weighted[T]":
        """Popularity as among real merchants: the n-th choice 1/n as likely as the first (Zipf)."""
        return cls(choices, [1.0 / rank for rank in range(1, len(choices) + 1)])

    def pick(self, rng: Rng) -> T:
        """One of the choices by its weight."""
        return self._choices[bisect_right(self._bounds, rng.fraction() * self._bounds[-1])]
