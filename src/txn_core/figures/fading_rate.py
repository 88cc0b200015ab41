"""A rate of something over the last minutes, in two numbers: what is long ago fades."""

from collections.abc import Sequence
from math import exp
from typing import Final

FADES_S: Final = 300.0
"""After so long, something counts 37 %."""


class FadingRate:
    """Amounts a second. Times are the caller's monotonic seconds."""

    __slots__ = ("_amount", "_at")

    def __init__(self) -> None:
        self._amount, self._at = 0.0, 0.0

    def add(self, amount: float, now: float) -> None:
        """So much more, now."""
        self._amount, self._at = self._left(now) + amount, now

    def at(self, now: float) -> float:
        """The rate now."""
        return self._left(now) / FADES_S

    def _left(self, now: float) -> float:
        return self._amount * exp(min(0.0, self._at - now) / FADES_S)


def skew(rates: Sequence[float], least: float) -> float:
    """The highest rate over the mean of all: 1 where all are equal, or where the mean is below `least`."""
    mean = sum(rates) / len(rates) if rates else 0.0
    return max(rates) / mean if mean > least else 1.0
