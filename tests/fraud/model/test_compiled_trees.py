"""Compiled trees say what a walk through them says, bit by bit."""

import math

from hypothesis import given
from hypothesis import strategies as st

from fraud.model.compiled_trees import TOGETHER, compiled
from fraud.model.trees import Node, log_odds, spread

COLUMNS = 4
numbers = st.floats(-1e6, 1e6)
leaves: st.SearchStrategy[Node] = st.floats(-1_000, 1_000)
nodes = st.recursive(
    leaves, lambda below: st.tuples(st.integers(0, 3 * COLUMNS - 1), numbers, below, below), max_leaves=15
)
values = st.lists(numbers | st.integers(-9, 9) | st.none(), min_size=COLUMNS, max_size=COLUMNS)


@given(st.lists(nodes, max_size=4), st.lists(values, min_size=1, max_size=4))
def test_any_trees_on_any_rows(trees: list[Node], rows: list[list[int | float | None]]) -> None:
    summed = compiled(trees)
    for row in rows:
        assert summed(spread(row)).hex() == log_odds(trees, spread(row)).hex()


def test_the_leaves_are_added_in_their_order_however_many_trees_there_are() -> None:
    trees: list[Node] = [(0, number / 7, 0.1 * number, -1e9 / 3) for number in range(3 * TOGETHER + 1)]
    for value in (-1.0, 2.5, None, math.pi):
        row = spread([value])
        assert compiled(trees)(row).hex() == log_odds(trees, row).hex()


def test_the_deepest_tree_is_compiled() -> None:
    tree: Node = 0.5
    for depth in range(14):
        tree = (0, float(-depth), tree, float(depth))
    assert [compiled([tree])([value]) for value in (-20.0, 9.0)] == [
        log_odds([tree], [value]) for value in (-20.0, 9.0)
    ]
