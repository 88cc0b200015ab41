"""How far something has come, on standard error: a bar on a terminal, now and then a line elsewhere."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from txn_cli import terminal
from txn_core.printable import printable

LINE_EVERY_S: Final = 5.0


class Meter(ExitStack):
    """Shows one undertaking while it runs. Standard output stays free for results."""

    def __init__(
        self, title: str, console: Console | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._title, self._clock = title, clock
        self._console = console or terminal.console(error=True)
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task(title, total=None, note="")
        self._told_at = clock()

    def __enter__(self) -> Self:
        self.enter_context(self._bar)
        return self

    def show(self, fraction: float | None, note: str) -> None:
        """Show what part is done (0 to 1, if that is known) and a note on it."""
        total, completed = (None, 0.0) if fraction is None else (1.0, fraction)
        self._bar.update(self._task, total=total, completed=completed, note=printable(note))
        if not self._console.is_terminal and self._clock() - self._told_at >= LINE_EVERY_S:
            self._told_at = self._clock()
            part = "" if fraction is None else f" {fraction:.0%}"
            self.say(f"{self._title}{part}: {note}")

    def say(self, line: str) -> None:
        """One line that stays."""
        self._console.print(Text(printable(line)), soft_wrap=True)
