"""How long a command's output is silent."""

import time
from pathlib import Path
from threading import Event, Thread
from typing import Final, Self

LOOK_EVERY_S: Final = 0.1


class Silences:
    """The silences of a command, up to its first output and after that, in seconds."""

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
    """Looks at the file that a command writes, in a thread, until a line is in it or the block ends."""

    def __init__(self, log: Path, last_line: str) -> None:
        self._log, self._last_line = log, last_line
        self._over = Event()
        self._thread = Thread(target=self._look, daemon=True)
        self.silences = Silences(time.perf_counter())

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
            text = self._log.read_text(encoding="utf-8", errors="replace")
            self.silences.see(len(text), time.perf_counter())
            if self._last_line in text:
                return
