"""What each feature adds to a row's log-odds: exact Shapley values of trees.

Algorithm 2 of Lundberg, Erion, Lee: "Consistent Individualized Feature Attribution for Tree Ensembles"
(arXiv:1802.03888), over the counts of training rows, as LightGBM's `pred_contrib`. The values of a row and the
expected log-odds add up to the row's log-odds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fraud.model.flat_tree import FlatTree


@dataclass(slots=True)
class _Step:
    """A feature on the way from the root: which part of the rows goes on without it and with it, and the weight."""

    feature: int
    without: float
    along: float
    weight: float


def contributions(trees: Iterable[FlatTree], values: Sequence[float | None]) -> tuple[list[float], float]:
    """The contribution of each feature, and the expected log-odds over the rows of training."""
    found, expected = [0.0] * len(values), 0.0
    for tree in trees:
        expected += sum(
            float.fromhex(value) * rows for value, rows in zip(tree.value, tree.leaf_rows, strict=True)
        ) / sum(tree.leaf_rows)
        if tree.feature:
            _descend(tree, 0, values, found, _extended([], 1.0, 1.0, -1))
    return found, expected


def _descend(
    tree: FlatTree, node: int, values: Sequence[float | None], found: list[float], path: list[_Step]
) -> None:
    if node < 0:
        value = float.fromhex(tree.value[~node])
        for index in range(1, len(path)):
            step = path[index]
            weight = sum(each.weight for each in _unwound(path, index))
            found[step.feature] += weight * (step.along - step.without) * value
        return
    feature = tree.feature[node]
    taken, other = tree.low[node], tree.high[node]
    if not _goes_low(tree, node, values[feature]):
        taken, other = other, taken
    without = along = 1.0
    met = next((index for index, step in enumerate(path) if step.feature == feature), None)
    if met is not None:
        without, along = path[met].without, path[met].along
        path = _unwound(path, met)
    rows = tree.rows[node]
    for child, share in ((taken, along), (other, 0.0)):
        part = without * tree.rows_of(child) / rows
        _descend(tree, child, values, found, _extended(path, part, share, feature))


def _goes_low(tree: FlatTree, node: int, value: float | None) -> bool:
    missing = tree.missing[node]
    if value is None:
        if missing != "zero":
            return missing == "low"
        value = 0.0
    return value <= float.fromhex(tree.threshold[node])


def _extended(path: Sequence[_Step], without: float, along: float, feature: int) -> list[_Step]:
    """The path with one more feature."""
    depth = len(path)
    steps = [_Step(step.feature, step.without, step.along, step.weight) for step in path]
    steps.append(_Step(feature, without, along, 1.0 if depth == 0 else 0.0))
    for index in reversed(range(depth)):
        steps[index + 1].weight += along * steps[index].weight * (index + 1) / (depth + 1)
        steps[index].weight = without * steps[index].weight * (depth - index) / (depth + 1)
    return steps


def _unwound(path: Sequence[_Step], index: int) -> list[_Step]:
    """The path without one of its features."""
    depth = len(path) - 1
    without, along = path[index].without, path[index].along
    steps = [_Step(step.feature, step.without, step.along, step.weight) for step in path]
    following = steps[depth].weight
    for place in reversed(range(depth)):
        if along != 0.0:
            weight = steps[place].weight
            steps[place].weight = following * (depth + 1) / ((place + 1) * along)
            following = weight - steps[place].weight * without * (depth - place) / (depth + 1)
        else:
            steps[place].weight = steps[place].weight * (depth + 1) / (without * (depth - place))
    for place in range(index, depth):
        after = steps[place + 1]
        steps[place].feature, steps[place].without, steps[place].along = after.feature, after.without, after.along
    return steps[:depth]
