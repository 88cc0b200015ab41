"""Our trees give LightGBM's bits."""

import math
import random

import pytest

pytest.importorskip("lightgbm", reason="the extra `train`")

from fraud.model.trees import Value, log_odds, milli, spread
from tests.fraud.model.grown import COLUMNS, grown, made_row

LIGHTGBM_ZERO = 1.1e-35
"""What is nearer to zero is zero to LightGBM's reader of dense rows, before any tree sees it (no feature is)."""


@pytest.mark.parametrize("leaves", [2, 7, 15])
def test_log_odds_have_the_bits_that_lightgbm_predicts(leaves: int) -> None:
    made = grown(40, leaves)
    trees = made.stage.nodes()
    theirs = made.booster.predict(made.matrix(), raw_score=True)
    assert [log_odds(trees, spread(row)).hex() for row in made.rows] == [float(each).hex() for each in theirs]
    assert any(None in row for row in made.rows)


def test_values_on_a_threshold_and_next_to_it_go_where_lightgbm_sends_them() -> None:
    made = grown()
    rng = random.Random(3)
    edges = [
        (tree.feature[split], float.fromhex(tree.threshold[split]))
        for tree in made.stage.trees
        for split in range(len(tree.feature))
    ]
    rows = []
    for column, threshold in rng.sample(edges, 150):
        for value in (threshold, math.nextafter(threshold, math.inf), math.nextafter(threshold, -math.inf)):
            row = made_row(rng)
            row[column] = value if abs(value) > LIGHTGBM_ZERO else 0
            rows.append(row)
    theirs = made.booster.predict(made._replace(rows=rows).matrix(), raw_score=True)
    trees = made.stage.nodes()
    assert [log_odds(trees, spread(row)) for row in rows] == list(theirs)


def test_an_empty_row_and_huge_values_agree_too() -> None:
    made = grown()
    rows: list[list[Value]] = [
        [None] * COLUMNS,
        [2**53] * COLUMNS,
        [-(2**62)] * COLUMNS,
        [1e300] * COLUMNS,
        [0] * COLUMNS,
    ]
    theirs = made.booster.predict(made._replace(rows=rows).matrix(), raw_score=True)
    assert [log_odds(made.stage.nodes(), spread(row)) for row in rows] == list(theirs)


def test_a_booster_that_learned_nothing_is_one_leaf() -> None:
    import lightgbm
    import numpy as np

    from fraud.training.dumped import stage_of

    options = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(options, lightgbm.Dataset(np.zeros((50, 2)), [0, 1] * 25), 3)
    stage = stage_of(booster.dump_model())
    assert [tree.feature for tree in stage.trees] == [[] for _ in stage.trees]
    assert log_odds(stage.nodes(), spread([1, None])) == booster.predict([[1.0, math.nan]], raw_score=True)[0]


def test_thousandths_round_half_to_even() -> None:
    assert [milli(value) for value in (0.0005, 0.0015, -0.0005, 1.2344, -2.0006)] == [0, 2, 0, 1234, -2001]
