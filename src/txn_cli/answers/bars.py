"""Bars of characters: lines with a name, a bar from zero on, and the number, in the width that there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, set_cell_size

from txn_core.printable import printable

FULL: Final = "█"
EIGHTHS: Final = " ▏▎▍▌▋▊▉"
PLAIN: Final = "#"
BAR_WIDTH_MIN: Final = 8
BAR_WIDTH_MAX: Final = 48
NAME_WIDTH_MAX: Final = 24


@dataclass(frozen=True, slots=True)
class Bar:
    """One line: a name, a size, and the number as it is to be read. A size below zero has no bar."""

    name: str
    size: float
    text: str


def bar_lines(bars: Sequence[Bar], *, width: int, plain: bool = False) -> list[str]:
    """The lines, none wider than `width` cells of a terminal as long as that holds the numbers.

    Bars begin at zero, and the longest one fills the room. Where little room is left there are none. `plain` draws
    with ASCII alone.
    """
    if not bars:
        return []
    names = [printable(bar.name) for bar in bars]
    texts = [printable(bar.text) for bar in bars]
    text_width = max(map(cell_len, texts))
    name_width = min(max(map(cell_len, names)), NAME_WIDTH_MAX, max(1, width - text_width - 2))
    bar_width = min(BAR_WIDTH_MAX, width - name_width - text_width - 4)
    longest = max(bar.size for bar in bars)
    lines = []
    for bar, name, text in zip(bars, names, texts, strict=True):
        drawn = drawn_bar(bar.size, longest, bar_width, plain=plain) if bar_width >= BAR_WIDTH_MIN else ""
        number = " " * (text_width - cell_len(text)) + text
        lines.append(f"{set_cell_size(name, name_width)}  {number}  {drawn}".rstrip())
    return lines


def drawn_bar(size: float, longest: float, width: int, *, plain: bool) -> str:
    """A bar of a size, of which the longest takes the whole width. What is more than nothing is seen."""
    if size <= 0 or longest <= 0:
        return ""
    eighths = max(1, round(8 * width * size / longest))
    if plain:
        return PLAIN * max(1, round(eighths / 8))
    whole, rest = divmod(eighths, 8)
    return FULL * whole + (EIGHTHS[rest] if rest else "")
