"""What has failed is left alone for a while, which grows with each failure in a row."""

import time
from collections.abc import Callable, Hashable
from typing import Final

PAUSE_FIRST_S: Final = 5.0
PAUSE_S_MAX: Final = 300.0
PAUSED_MAX: Final = 10_000


class Pauses:
    """The pauses of files and of accounts. Those that begin first are forgotten first when there are too many."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._of: dict[Hashable, tuple[int, float]] = {}

    def is_paused(self, name: Hashable) -> bool:
        """Whether something is to be left alone now."""
        return name in self._of and self._clock() < self._of[name][1]

    def failed(self, name: Hashable) -> None:
        """Leave something alone for a while."""
        failures = self._of.pop(name, (0, 0.0))[0] + 1
        pause_s = min(PAUSE_S_MAX, PAUSE_FIRST_S * 2.0 ** min(failures - 1, 16))
        self._of[name] = (failures, self._clock() + pause_s)
        if len(self._of) > PAUSED_MAX:
            del self._of[next(iter(self._of))]

    def passed(self, name: Hashable) -> None:
        """Forget the failures."""
        self._of.pop(name, None)
