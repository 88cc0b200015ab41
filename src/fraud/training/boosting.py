"""Growing the trees of one stage with LightGBM: the same ones for the same rows and seed.

The parameters were chosen on days 68 to 79 of the sample, grown on the days before.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import lightgbm
import numpy as np

from fraud.model.flat_tree import Stage
from fraud.training.dumped import stage_of
from fraud.training.matrices import Matrix

_ALWAYS: Final[Mapping[str, Any]] = {
    "objective": "binary",
    "verbosity": -1,
    # The same bits on every machine: one thread adds in one order.
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "max_bin": 255,
    "use_missing": True,
    "zero_as_missing": False,
}


class Options(NamedTuple):
    """LightGBM's parameters of both stages, beside those that always hold."""

    first: Mapping[str, Any]
    second: Mapping[str, Any]


OPTIONS: Final = Options(
    {"num_leaves": 15, "learning_rate": 0.06, "min_data_in_leaf": 20, "lambda_l2": 5.0, "feature_fraction": 0.7},
    {"num_leaves": 7, "learning_rate": 0.05, "min_data_in_leaf": 20, "lambda_l2": 5.0, "feature_fraction": 0.7},
)
TREES: Final = 180
"""Trees of a stage."""


class Grown:
    """The trees of one stage."""

    def __init__(self, booster: Any) -> None:
        self._booster = booster

    @classmethod
    def of(cls, values: Matrix, labels: Any, options: Mapping[str, Any], *, seed: int, trees: int) -> "Grown":
        """Grow so many trees on rows; `options` are LightGBM's."""
        parameters = {**_ALWAYS, **options, "seed": seed}
        data = lightgbm.Dataset(values, labels, free_raw_data=True)
        return cls(lightgbm.train(parameters, data, trees))

    def millilogits(self, values: Matrix) -> Any:
        """The log-odds of rows in thousandths, as `fraud.model.trees.milli` rounds them."""
        if not len(values):
            return np.zeros(0, dtype=np.int64)
        return np.rint(self._booster.predict(values, raw_score=True, num_threads=1) * 1000.0).astype(np.int64)

    def stage(self) -> Stage:
        """The trees as ours."""
        return stage_of(self._booster.dump_model())
