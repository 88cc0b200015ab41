"""A tree as the file of a model holds it: lists of numbers, every float as hexadecimal text, so that no bit is lost.

Splits and leaves are numbered apart. A child is the number of a split, or `~number` of a leaf, as in LightGBM. A
split stands before its children, so a tree cannot run in a circle.
"""

import math
from collections.abc import Iterable
from itertools import chain
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from fraud.model.trees import LEAVES_MAX, TREES_MAX, Node

VALUE_MAX: Final = 1_000.0
"""Log-odds that a leaf may hold at most, in either direction."""
FEATURES_MAX: Final = 256

Missing = Literal["low", "high", "zero"]
"""Where a missing value goes: to the low child, to the high one, or where zero goes."""
HexFloat = Annotated[str, StringConstraints(pattern=r"^-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,4}$")]
_Count = Annotated[int, Field(ge=1, le=2**40)]
_SPLITS_MAX: Final = LEAVES_MAX - 1
_COPY: Final[dict[Missing, int]] = {"high": 0, "low": 1, "zero": 2}


class Part(BaseModel):
    """A part of a model's files: nothing unknown, nothing converted, and no value in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class FlatTree(Part):
    """One tree. `rows` and `leaf_rows` count the rows of training in each split and leaf, for explanations."""

    feature: Annotated[list[Annotated[int, Field(ge=0, lt=FEATURES_MAX)]], Field(max_length=_SPLITS_MAX)]
    threshold: Annotated[list[HexFloat], Field(max_length=_SPLITS_MAX)]
    missing: Annotated[list[Missing], Field(max_length=_SPLITS_MAX)]
    low: Annotated[list[int], Field(max_length=_SPLITS_MAX)]
    high: Annotated[list[int], Field(max_length=_SPLITS_MAX)]
    rows: Annotated[list[_Count], Field(max_length=_SPLITS_MAX)]
    value: Annotated[list[HexFloat], Field(min_length=1, max_length=LEAVES_MAX)]
    leaf_rows: Annotated[list[_Count], Field(min_length=1, max_length=LEAVES_MAX)]

    @model_validator(mode="after")
    def _is_a_tree(self) -> Self:
        splits, leaves = len(self.feature), len(self.value)
        columns = (self.threshold, self.missing, self.low, self.high, self.rows)
        if any(len(column) != splits for column in columns) or len(self.leaf_rows) != leaves or leaves != splits + 1:
            raise ValueError("lists of different lengths")
        if splits and sorted(chain(self.low, self.high)) != [*range(-leaves, 0), *range(1, splits)]:
            raise ValueError("not each node is the child of one other")
        for number, children in enumerate(zip(self.low, self.high, strict=True)):
            if any(0 <= child <= number for child in children):
                raise ValueError("a circle")
            if self.rows[number] != sum(self.rows_of(child) for child in children):
                raise ValueError("counts that do not add up")
        if not all(math.isfinite(number) for number in floats(self.threshold)):
            raise ValueError("a threshold that is not finite")
        if not all(abs(number) <= VALUE_MAX for number in floats(self.value)):
            raise ValueError("a leaf out of range")
        return self

    def rows_of(self, child: int) -> int:
        """The rows of training in a child."""
        return self.rows[child] if child >= 0 else self.leaf_rows[~child]

    def node(self, features: int) -> Node:
        """The tree as it is read, over rows that `trees.spread` makes of so many features."""
        values, splits = floats(self.value), self.splits(features)
        if not splits:
            return values[0]
        made: dict[int, Node] = {~number: value for number, value in enumerate(values)}
        for number in reversed(range(len(splits))):
            made[number] = (*splits[number], made[self.low[number]], made[self.high[number]])
        return made[0]

    def splits(self, features: int) -> tuple[tuple[int, float], ...]:
        """The column of such a row that each split reads, and the largest value that goes to its low child."""
        columns = (each + features * _COPY[missing] for each, missing in zip(self.feature, self.missing, strict=True))
        return tuple(zip(columns, floats(self.threshold), strict=True))


class Stage(Part):
    """The trees of one stage and how many features they read."""

    features: Annotated[int, Field(ge=1, le=FEATURES_MAX)]
    trees: Annotated[list[FlatTree], Field(min_length=1, max_length=TREES_MAX)]

    @model_validator(mode="after")
    def _columns_exist(self) -> Self:
        if any(feature >= self.features for tree in self.trees for feature in tree.feature):
            raise ValueError("a feature out of range")
        return self

    def nodes(self) -> list[Node]:
        """The trees as they are read."""
        return [tree.node(self.features) for tree in self.trees]


class TreesFile(Part):
    """The file `trees.json`: both stages."""

    format: Literal[1] = 1
    first: Stage
    second: Stage


def floats(texts: Iterable[HexFloat]) -> list[float]:
    """The numbers that hexadecimal texts stand for.

    Raises:
        ValueError: one is too large for a float.
    """
    try:
        return [float.fromhex(text) for text in texts]
    except OverflowError:
        raise ValueError("a number out of range") from None
