"""What a walk through pages met, against what was there when it began."""

from collections import Counter
from collections.abc import Iterable


class Tally:
    """Counts the ids that a walk meets."""

    def __init__(self, there: Iterable[str]) -> None:
        self._there = frozenset(there)
        self._met: Counter[str] = Counter()

    def meet(self, ids: Iterable[str]) -> None:
        """Take in a page."""
        self._met.update(ids)

    @property
    def missed(self) -> int:
        """How many were there at the beginning and not met."""
        return len(self._there - self._met.keys())

    @property
    def doubled(self) -> int:
        """How often an id was met that had been met before."""
        return self._met.total() - len(self._met)

    @property
    def inserted(self) -> int:
        """How many were met that were not there at the beginning."""
        return len(self._met.keys() - self._there)
