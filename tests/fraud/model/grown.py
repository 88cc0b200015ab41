"""Trees that LightGBM has grown on made-up rows with missing values, and those rows."""

import random
from functools import cache
from typing import Any, NamedTuple

import lightgbm
import numpy as np

from fraud.model.flat_tree import Stage
from fraud.model.trees import Value
from fraud.training.dumped import stage_of

COLUMNS = 6


class Grown(NamedTuple):
    """A booster, its trees as ours, and rows to read."""

    booster: Any
    stage: Stage
    rows: list[list[Value]]

    def matrix(self) -> Any:
        """The rows as LightGBM takes them."""
        return np.array([[np.nan if value is None else value for value in row] for row in self.rows], dtype=float)


@cache
def grown(trees: int = 40, leaves: int = 15) -> Grown:
    """Trees over columns of integers, of floats, of few values, with and without missing ones in training."""
    rng = random.Random(7)
    rows = [made_row(rng) for _ in range(1_500)]
    labels = [int(_risk(row) > 1.5 + rng.random()) for row in rows]
    seen = [[0 if value is None and at == 5 else value for at, value in enumerate(row)] for row in rows]
    matrix = np.array([[np.nan if value is None else value for value in row] for row in seen], dtype=float)
    options = {"objective": "binary", "num_leaves": leaves, "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5}
    booster = lightgbm.train(options, lightgbm.Dataset(matrix, labels), trees)
    return Grown(booster, stage_of(booster.dump_model()), rows)


def made_row(rng: random.Random) -> list[Value]:
    """One row; the last column is missing here and never in training."""
    return [
        None if rng.random() < 0.2 else rng.randrange(-1_000, 1_000),
        None if rng.random() < 0.5 else rng.random() * 10.0,
        rng.choice((0, 0, 0, 1, None)),
        rng.randrange(10**12),
        rng.gauss(0.0, 1e-30),
        None if rng.random() < 0.1 else rng.randrange(-3, 4),
    ]


def _risk(row: list[Value]) -> float:
    return (
        (2.0 if row[0] is None else row[0] / 500) + (row[1] or 0.0) / 5 + (row[2] or 0) + (0 if row[4] < 0 else 1)  # type: ignore[operator]
    )
