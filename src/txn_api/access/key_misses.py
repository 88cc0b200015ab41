"""Guessing API keys costs its own budget: look-ups that find nothing are bounded for all of a process together.

Nobody guesses 256 bits; but each guess in form would cost a read of the key table. What an unknown key is cannot be
told without one, so while the budget is spent, keys that this process has not seen are told to come back: guesses and
good ones alike, each with a try as good as the other's. Keys that were found good before are not touched.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import CollectorRegistry, Counter

from txn_api.access.rate_limits import Bucket
from txn_api.problems import Overloaded

MISSES_PER_S: Final = 100
"""Look-ups that may find nothing: more than the mistyped and forgotten keys of a large fleet make, and a few dollars'
worth of reads a day."""
LOOKS_AT_ONCE_MAX: Final = 1_024
"""Look-ups of unknown keys under way. All of them may turn out to be misses, on credit: that is repaid within ten
seconds. A fleet that comes back after a restart needs far fewer, as a look takes milliseconds."""


class MissBudget:
    """The budget of one process."""

    def __init__(self, misses: Bucket | None = None, registry: CollectorRegistry | None = None) -> None:
        self._misses, self._under_way = misses or Bucket(MISSES_PER_S), 0
        self._counted = Counter(
            "txn_api_key_misses",
            "API keys that were looked up in vain, or not looked up",
            ["outcome"],
            registry=registry,
        )
        for outcome in ("unknown", "unread"):  # a count that is there from the start is seen to rise
            self._counted.labels(outcome)

    @contextmanager
    def look(self) -> Iterator[None]:
        """Have an unknown key looked up within the block.

        Raises:
            Overloaded: not now; it is not known what the key is.
        """
        if self._under_way >= LOOKS_AT_ONCE_MAX or not self._misses.left:
            self._counted.labels("unread").inc()
            raise Overloaded
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    def missed(self) -> None:
        """There is no such key, or the secret is another one."""
        self._misses.owe(1)
        self._counted.labels("unknown").inc()
