"""Calibrated scores are probabilities, thresholds hold to what reviewers can take, bins count all rows."""

from bisect import bisect_right

import pytest

pytest.importorskip("lightgbm", reason="the extra `train`")

import numpy as np

from fraud.training.calibration import calibration_cuts, drift_bins, thresholds_for


def test_scores_are_the_part_of_frauds_among_rows_of_that_score() -> None:
    """Log-odds that are twice too large, and off by one, are brought back."""
    rng = np.random.default_rng(5)
    true = rng.normal(-2.0, 2.0, 40_000)
    labels = rng.random(len(true)) < 1.0 / (1.0 + np.exp(-true))
    raw = np.rint((2.0 * true + 1.0) * 1000.0).astype(int)
    cuts = calibration_cuts(raw, labels)
    scores = np.array([bisect_right(cuts, value) for value in raw])
    for low, high in ((0, 50), (50, 200), (200, 500), (500, 800), (800, 1_000)):
        part = (scores >= low) & (scores < high)
        assert scores[part].mean() / 1000 == pytest.approx(labels[part].mean(), abs=0.02)
    assert len(cuts) == 999
    assert cuts == sorted(cuts)


@pytest.mark.parametrize("labels", [[True] * 4, [False] * 4, [True, True, False, False]])
def test_rows_without_a_rising_curve_leave_log_odds_as_they_are(labels: list[bool]) -> None:
    cuts = calibration_cuts(np.array([-2_000, -1_000, 1_000, 2_000]), np.array(labels))
    assert (cuts[499], cuts[0]) == (0, -6906)  # ln(1/999) is -6.9068


def test_alerts_are_as_many_as_reviewers_take_at_most_and_never_of_low_scores() -> None:
    cuts = list(range(-999, 1_000, 2))[:999]
    raw = np.array([500, 400, 400, 300, 200, -950, -960])
    found = thresholds_for(raw, cuts, 2)
    assert sum(raw >= found.alert) == 1  # two rows share the second place, and both would be one too many
    assert sum(raw >= found.review) == 4
    rich = thresholds_for(raw, cuts, 100)
    assert (rich.alert, rich.review) == (cuts[99], cuts[19])


def test_bins_hold_every_row_also_where_values_repeat_or_are_missing() -> None:
    values = np.array([0.0] * 50 + [1.0] * 30 + list(range(2, 22)) + [np.nan] * 7)
    found = drift_bins("amount", values)
    assert (sum(found.counts), found.missing) == (100, 7)
    assert found.counts[0] == 50
    empty = drift_bins("none", np.array([np.nan, np.nan]))
    assert (empty.bounds, empty.counts, empty.missing) == ([], [0], 2)
