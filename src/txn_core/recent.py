"""A value that is dear to make and may be a little old: made when it is asked for, and not again for a while."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class Recent(Generic[_Value]):
    """The value for whoever asks, from whatever thread; those who ask while it is made wait for that one."""

    def __init__(
        self, make: Callable[[], _Value], kept_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep what `make` gives for so long, counted from when it was made."""
        self._make, self._kept_s, self._clock = make, kept_s, clock
        self._lock = threading.Lock()
        self._made: tuple[_Value, float] | None = None

    def get(self) -> _Value:
        """The value.

        Raises:
            Exception: whatever `make` raises; the next who asks has it made again.
        """
        with self._lock:
            if self._made is None or self._clock() - self._made[1] >= self._kept_s:
                self._made = self._make(), self._clock()
            return self._made[0]
