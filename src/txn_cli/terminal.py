"""The one door to the terminal: whatever a command says goes through here, and nothing of it is obeyed.

What is printed is text: no control of a terminal gets through (`txn_core.printable`), and no markup, emoji code or
link of the `rich` library is looked for in it. `tests/lint/terminal.py` finds what would go past this module.
"""

import json
import os
import sys
from collections.abc import Iterable
from typing import Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from txn_core.printable import printable, printable_lines


def say(*lines: str, error: bool = False) -> None:
    """Print lines, each of which stays one, on standard output or standard error."""
    for line in lines:
        print(printable(line), file=sys.stderr if error else sys.stdout)


def ask(question: str) -> bool:
    """Ask for a yes on standard error; nobody to answer is a no."""
    try:
        return typer.confirm(printable(question), err=True)
    except typer.Abort:
        say("", error=True)  # the question stays on its line
        return False


def finish_output() -> None:
    """Write what standard output still holds, so that a disk that is full is noticed while it can be said.

    Raises:
        OSError: it cannot be written. What is held is then dropped, and no second attempt is made at the end.
    """
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        raise


def say_document(document: object) -> None:
    """Print a document as JSON in one line of printable ASCII."""
    say(json.dumps(document).replace("\x7f", "\\u007f"))  # the one control that the standard library leaves


def console(*, error: bool = False, **options: Any) -> Console:
    """A console for tables and bars, on standard output or standard error; with options of rich's, for tests."""
    return _Console(stderr=error, highlight=False, markup=False, emoji=False, **options)


class _Console(Console):
    """Cleans whatever is rendered, the cells of tables included; rich's own controls are apart from text.

    Some parts of rich (titles of panels, a status in words) look for markup whatever the console says: `Text` is what
    they are to be given. A link of theirs is shown as text.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of something, whose text is printable."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            if style is not None and style.link is not None:
                style = style.update_link(None)
            yield segment if control else Segment(printable_lines(text), style)
