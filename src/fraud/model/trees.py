"""Decision trees in plain Python. They give the same bits as LightGBM, from whose dump they come.

A tree is nested tuples `(column, threshold, low, high)`: a value of at most the threshold goes to `low`. A leaf is a
float. Where a missing value goes depends on the node, so a row stands three times in the list that the trees read:
missing as infinity (goes high), as minus infinity (goes low), and as zero, which is what LightGBM takes it for where
training saw no missing value. One comparison then decides each node.
"""

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

Node: TypeAlias = "tuple[int, float, Node, Node] | float"
"""A split, or the value of a leaf in log-odds."""

Value: TypeAlias = int | float | None
"""A feature's value; None is missing."""

TREES_MAX: Final = 200
LEAVES_MAX: Final = 15

_HIGH: Final = math.inf
_LOW: Final = -math.inf


def spread(values: Sequence[Value]) -> list[float]:
    """The row that trees read: the values three times, each time with another number for those that are missing."""
    if not (missing := values.count(None)):
        return [*map(float, values)] * 3  # type: ignore[arg-type]
    row = [_HIGH if value is None else float(value) for value in values]
    low, zero, place = row.copy(), row.copy(), -1
    for _ in range(missing):
        place = values.index(None, place + 1)
        low[place], zero[place] = _LOW, 0.0
    return row + low + zero


def log_odds(trees: Sequence[Node], row: Sequence[float]) -> float:
    """The sum of the leaves that a row falls into, added in the order of the trees, as LightGBM adds them.

    Not by `sum`: from Python 3.12 on it compensates for rounding, which gives other bits.
    """
    total = 0.0
    for tree in trees:
        node = tree
        while node.__class__ is tuple:
            column, threshold, low, high = node
            node = low if row[column] <= threshold else high
        total += node  # type: ignore[operator]
    return total


def milli(value: float) -> int:
    """Log-odds in thousandths, rounded half to even."""
    return round(value * 1000.0)
