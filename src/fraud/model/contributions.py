"""What each feature adds to a row's log-odds: exact Shapley values of trees.

The values are those of Lundberg, Erion, Lee: "Consistent Individualized Feature Attribution for Tree Ensembles"
(arXiv:1802.03888), over the counts of training rows, as LightGBM's `pred_contrib`. The values of a row and the
expected log-odds add up to the row's log-odds.

They are computed leaf by leaf. A leaf is reached over splits of some features. Of a feature that is known, the row
goes the leaf's way or not; of one that is not known, a share of the training rows does. So Shapley's sum over the
sets of known features comes to one over how many of those that go the leaf's way are not known, which takes the
elementary symmetric polynomials of their shares.

There are few ways to pass the splits before a leaf, so a leaf keeps its answers.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import chain
from math import factorial, prod
from operator import add, itemgetter, or_
from typing import Final, NamedTuple, Self

from fraud.model.flat_tree import FlatTree, floats
from fraud.model.trees import LEAVES_MAX, Value, spread

KEPT_MAX: Final = 32
"""Answers of one leaf that are kept, about 200 bytes each; further ones are computed each time."""
_WEIGHTS: Final = tuple(
    tuple(factorial(known) * factorial(of - known - 1) / factorial(of) for known in range(of))
    for of in range(LEAVES_MAX + 1)
)
"""By the number of features on the way to a leaf: the weight of a set of so many that are known."""


class _Step(NamedTuple):
    """A feature on the way to a leaf: the splits that ask for it, those that are to be passed low, and its share.

    The share is the part of the training rows that goes the leaf's way at these splits.
    """

    feature: int
    asked: int
    low: int
    share: float


class _Leaf:
    """A leaf with the features on its way. What they add depends on which of the way's splits a row passes low.

    Attributes:
        asked: the splits on the way.
        kept: what each of the features adds to a row that passes these splits low.
    """

    __slots__ = ("_steps", "_value", "asked", "features", "kept")

    def __init__(self, value: float, steps: Sequence[_Step]) -> None:
        self._value, self._steps = value, steps
        self.features = tuple(step.feature for step in steps)
        self.asked = reduce(or_, (step.asked for step in steps))
        self.kept: dict[int, array[float]] = {}

    def parts(self, passed_low: int) -> "array[float]":
        """The answer for a row that passes these splits of the way low, which is kept if there is room."""
        found = dict(_parts(self._value, self._steps, passed_low))
        parts = array("d", [found[feature] for feature in self.features])
        if len(self.kept) < KEPT_MAX:
            self.kept[passed_low] = parts
        return parts


class _ExplainedTree:
    """One tree with its leaves."""

    __slots__ = ("_leaves", "_splits", "expected")

    def __init__(self, tree: FlatTree, features: int) -> None:
        values = floats(tree.value)
        expected = sum(value * rows for value, rows in zip(values, tree.leaf_rows, strict=True))
        self.expected = expected / sum(tree.leaf_rows)
        self._splits = tuple((1 << number, *split) for number, split in enumerate(tree.splits(features)))
        self._leaves = tuple(_leaves(tree, values))

    @property
    def features(self) -> Iterator[int]:
        """The feature of each number that `put_parts` puts."""
        return chain.from_iterable(leaf.features for leaf in self._leaves)

    def put_parts(self, found: list[float], row: Sequence[float]) -> None:
        """Put what each feature adds to a row that `spread` made, leaf by leaf."""
        passed_low = 0
        for bit, column, threshold in self._splits:
            if row[column] <= threshold:
                passed_low |= bit
        for leaf in self._leaves:
            known = passed_low & leaf.asked
            found.extend(leaf.kept.get(known) or leaf.parts(known))


class Contributions:
    """The trees of one stage, explained."""

    __slots__ = ("_added", "_trees", "expected")

    def __init__(self, trees: Sequence[_ExplainedTree], features: int) -> None:
        self._trees = trees
        places: list[list[int]] = [[0, 0] for _ in range(features)]
        for place, feature in enumerate(chain.from_iterable(tree.features for tree in trees), 1):
            places[feature].append(place)
        self._added = tuple(itemgetter(*each) for each in places)
        self.expected = sum(tree.expected for tree in trees)
        """The expected log-odds over the rows of training."""

    @classmethod
    def of(cls, trees: Iterable[FlatTree], features: int) -> Self:
        """Trees that read so many features."""
        return cls([_ExplainedTree(tree, features) for tree in trees], features)

    def to(self, values: Sequence[Value]) -> list[float]:
        """What each feature adds to the log-odds of a row."""
        parts, row = [0.0], spread(values)
        for tree in self._trees:
            tree.put_parts(parts, row)
        return [reduce(add, added(parts)) for added in self._added]


def _leaves(tree: FlatTree, values: Sequence[float]) -> Iterator[_Leaf]:
    """The leaves with the features on their ways; a tree without splits explains nothing."""
    ways: list[tuple[int, dict[int, _Step]]] = [(0, {})] if tree.feature else []
    while ways:
        node, steps = ways.pop()
        if node < 0:
            yield _Leaf(values[~node], tuple(steps.values()))
            continue
        feature, bit = tree.feature[node], 1 << node
        before = steps.get(feature, _Step(feature, 0, 0, 1.0))
        for child, low in ((tree.low[node], bit), (tree.high[node], 0)):
            share = before.share * tree.rows_of(child) / tree.rows[node]
            step = _Step(feature, before.asked | bit, before.low | low, share)
            ways.append((child, {**steps, feature: step}))


def _parts(leaf_value: float, steps: Sequence[_Step], passed_low: int) -> Iterator[tuple[int, float]]:
    along = [step for step in steps if passed_low & step.asked == step.low]
    apart = [step for step in steps if passed_low & step.asked != step.low]
    weights = _WEIGHTS[len(steps)]
    shares = [1.0]  # the elementary symmetric polynomials of the shares of those that go along
    for step in along:
        shares.append(0.0)
        for place in range(len(shares) - 1, 0, -1):
            shares[place] += step.share * shares[place - 1]
    value = leaf_value * prod(step.share for step in apart)
    if apart:
        part = -value * sum(map(float.__mul__, weights, reversed(shares)))
        for step in apart:
            yield step.feature, part
    for step in along:
        others = [1.0]  # the same without this one
        for each in shares[1:-1]:
            others.append(each - step.share * others[-1])
        yield step.feature, value * (1.0 - step.share) * sum(map(float.__mul__, weights, reversed(others)))
