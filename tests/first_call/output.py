"""How long a command's output is silent."""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Final, Self

LOOK_EVERY_S: Final = 0.1


class Silences:
    """The silences of a command that writes into a file, up to its first one and between all others, in seconds."""

    def __init__(self, began_s: float) -> None:
        self.first_s: float | None = None
        self.longest_s = 0.0
        self._began_s = self._grew_s = began_s
        self._size = 0

    def see(self, size: int, at_s: float) -> None:
        """Take note of how much was written by a moment."""
        self.longest_s = max(self.longest_s, at_s - self._grew_s)
        if size == self._size:
            return
        if self.first_s is None:
            self.first_s = at_s - self._began_s
        self._size, self._grew_s = size, at_s


class Watch:
    """Looks at a file in a thread of its own until a line is in it, or the block ends."""

    def __init__(self, log: Path, last_line: str, clock: Callable[[], float] = time.perf_counter) -> None:
        self._log, self._last_line, self._clock = log, last_line, clock
        self._over = Event()
        self._thread = Thread(target=self._look, daemon=True)
        self.silences = Silences(clock())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def wait(self, seconds: float) -> bool:
        """Wait until the last line is there; whether it came in time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _look(self) -> None:
        while not self._over.wait(LOOK_EVERY_S):
            text = self._log.read_text(errors="replace")
            self.silences.see(len(text), self._clock())
            if self._last_line in text:
                return
