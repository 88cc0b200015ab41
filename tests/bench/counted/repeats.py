"""Two runs of a measure that are alike whatever ran before them in their process."""

from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")


def repeated(measure: Callable[[], _Result]) -> tuple[_Result, _Result]:
    """What a measure gives twice, after a rehearsal of which nothing counts.

    A process keeps what a first use makes (a key that requests are signed with, a pattern, a module). Tests run in
    random order, and so a first run may find all of that there, or some of it, or nothing.
    """
    measure()
    return measure(), measure()
