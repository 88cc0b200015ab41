"""Contributions are exact Shapley values: those of LightGBM, and those of the definition."""

import itertools
import math

import pytest

pytest.importorskip("lightgbm", reason="the extra `train`")

from fraud.model.contributions import KEPT_MAX, Contributions
from fraud.model.flat_tree import FlatTree
from fraud.model.trees import log_odds, spread
from tests.fraud.model.grown import grown


def test_contributions_are_those_of_lightgbm() -> None:
    made = grown()
    theirs = made.booster.predict(made.matrix()[:20], pred_contrib=True)
    explained = Contributions.of(made.stage.trees, made.stage.features)
    for row, expected in zip(made.rows, theirs, strict=False):
        assert [*explained.to(row), explained.expected] == pytest.approx(list(expected), abs=1e-9)


def test_contributions_and_the_expected_value_add_up_to_the_log_odds() -> None:
    made = grown()
    trees, explained = made.stage.nodes(), Contributions.of(made.stage.trees, made.stage.features)
    for row in made.rows[20:40]:
        total = sum(explained.to(row)) + explained.expected
        assert total == pytest.approx(log_odds(trees, spread(row)), abs=1e-9)


def test_contributions_are_those_of_the_definition() -> None:
    """Shapley's formula over all subsets of three features, on a tree that asks twice for one of them."""
    tree = FlatTree(
        feature=[0, 1, 0, 2],
        threshold=[(0.5).hex(), (0.5).hex(), (-1.0).hex(), (3.0).hex()],
        missing=["high", "low", "zero", "low"],
        low=[1, 2, -1, -4],
        high=[3, -3, -2, -5],
        rows=[100, 60, 20, 40],
        value=[(1.0).hex(), (-2.0).hex(), (4.0).hex(), (0.5).hex(), (8.0).hex()],
        leaf_rows=[5, 15, 40, 10, 30],
    )
    rows: list[list[float | None]] = [[0.0, 0.0, 0.0], [1.0, 1.0, 9.0], [None, None, None], [-2.0, None, 3.0]]
    for row in rows:
        found = Contributions.of([tree], 3).to(row)
        assert found == pytest.approx([_shapley(tree, row, feature) for feature in range(3)], abs=1e-12)


def test_an_answer_that_is_kept_is_the_one_that_is_computed() -> None:
    """A tree keeps so many answers; of more rows each gets its own all the same."""
    made = grown()
    explained = Contributions.of(made.stage.trees, made.stage.features)
    rows = made.rows[: 3 * KEPT_MAX]
    found = [explained.to(row) for row in rows]
    assert [explained.to(row) for row in rows] == found
    assert [Contributions.of(made.stage.trees, made.stage.features).to(row) for row in rows[-5:]] == found[-5:]


def _shapley(tree: FlatTree, row: list[float | None], feature: int) -> float:
    others = [each for each in range(3) if each != feature]
    total = 0.0
    for size in range(3):
        for known in itertools.combinations(others, size):
            share = math.factorial(size) * math.factorial(2 - size) / math.factorial(3)
            total += share * (_expected(tree, row, {*known, feature}) - _expected(tree, row, set(known)))
    return total


def _expected(tree: FlatTree, row: list[float | None], known: set[int], node: int = 0) -> float:
    if node < 0:
        return float.fromhex(tree.value[~node])
    low, high = tree.low[node], tree.high[node]
    value, missing = row[tree.feature[node]], tree.missing[node]
    if tree.feature[node] in known:
        if value is None and missing != "zero":
            return _expected(tree, row, known, low if missing == "low" else high)
        return _expected(tree, row, known, low if (value or 0.0) <= float.fromhex(tree.threshold[node]) else high)
    parts = [tree.rows_of(child) / tree.rows[node] * _expected(tree, row, known, child) for child in (low, high)]
    return sum(parts)
