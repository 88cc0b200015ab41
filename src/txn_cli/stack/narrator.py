"""What the stack tells the person at the terminal: a line for each thing that happened, a spinner while it does."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from rich.console import Console, RenderableType
from rich.text import Text

from txn_cli import terminal
from txn_core.printable import printable

SILENCE_S_MAX: Final = 10.0


class Narrator:
    """Tells in plain lines where the output is not a terminal, so that logs read well too."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or terminal.console()

    def say(self, line: str, style: str = "") -> None:
        """One line."""
        self._console.print(Text(printable(line), style=style), soft_wrap=True)

    def warn(self, line: str) -> None:
        """One line that wants attention."""
        self.say(line, style="yellow")

    def show(self, what: RenderableType) -> None:
        """A table or the like."""
        self._console.print(what)

    @contextmanager
    def step(self, doing: str) -> Iterator[None]:
        """Something that takes a while: shown as it runs, and told with its duration once it is done.

        Where there is no terminal, a line is told every `SILENCE_S_MAX`, so that nobody takes it for stuck.
        """
        began = time.monotonic()
        if self._console.is_terminal:
            with self._console.status(Text(printable(doing))):
                yield
        else:
            self.say(f"{doing} ...")
            with self._told_again(doing, began):
                yield
        self.say(f"{doing}: done in {time.monotonic() - began:.1f} s", style="dim")

    @contextmanager
    def _told_again(self, doing: str, began: float) -> Iterator[None]:
        done = threading.Event()

        def tell() -> None:
            while not done.wait(SILENCE_S_MAX):
                self.say(f"{doing} ... {time.monotonic() - began:.0f} s")

        telling = threading.Thread(target=tell, daemon=True)
        telling.start()
        try:
            yield
        finally:
            done.set()
            telling.join()

    def links(self, links: Mapping[str, str]) -> None:
        """Named addresses, one a line."""
        width = max(map(len, links))
        for name, url in links.items():
            self.say(f"  {name.ljust(width)}  {url}")
