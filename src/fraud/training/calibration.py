"""What log-odds are worth: probabilities by Platt's method, thresholds by what reviewers can take, bins for drift."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from fraud.model.manifest import MILLILOGIT_MAX, SCORE_MAX, DriftBins, Thresholds
from fraud.training.matrices import Matrix

_STEPS_MAX: Final = 100
_BINS: Final = 10
ALERT_SCORE_MIN: Final = 100
"""The score, in thousandths, below which nothing is an alert, whatever reviewers could take."""
REVIEW_SCORE_MIN: Final = 20


def calibration_cuts(millilogits: Any, labels: Any) -> list[int]:
    """The log-odds, in thousandths, at which the probability of fraud reaches 1, 2, ... 999 thousandths.

    A logistic curve through rows that grew no tree (Platt, "Probabilistic Outputs for Support Vector Machines", 1999;
    its targets keep a few frauds from a curve that is too steep). Log-odds stay as they are where no curve rises.
    """
    slope, offset = _logistic(millilogits / 1000.0, labels)
    if not slope > 0.0:
        slope, offset = 1.0, 0.0
    cuts = []
    for score in range(1, SCORE_MAX + 1):
        wanted = math.log(score / (1_000 - score))
        cuts.append(math.ceil(1_000.0 * (wanted - offset) / slope))
    return [max(-MILLILOGIT_MAX, min(MILLILOGIT_MAX, cut)) for cut in cuts]


def thresholds_for(millilogits: Any, cuts: Sequence[int], alerts: int) -> Thresholds:
    """The thresholds that give so many alerts on these rows at most, and as many transactions to review besides."""
    ranked = np.sort(millilogits)[::-1]
    alert = max(_above(ranked, alerts), cuts[ALERT_SCORE_MIN - 1])
    review = max(_above(ranked, 2 * alerts), cuts[REVIEW_SCORE_MIN - 1])
    return Thresholds(review=min(review, alert), alert=alert)


def drift_bins(name: str, values: Matrix) -> DriftBins:
    """Bins of about as many rows each; fewer where values repeat."""
    known = np.sort(values[~np.isnan(values)])
    places = [len(known) * number // _BINS for number in range(1, _BINS)] if len(known) else []
    # A bound is the lowest value of the bin above it.
    bounds = sorted({float(known[place]) for place in places if known[place] > known[0]})
    counts = np.histogram(known, [-math.inf, *bounds, math.inf])[0] if len(known) else [0] * (len(bounds) + 1)
    return DriftBins(
        name=name, bounds=bounds, counts=[int(count) for count in counts], missing=int(len(values) - len(known))
    )


def _above(ranked: Any, count: int) -> int:
    """The lowest log-odds that at most so many rows reach."""
    return int(ranked[count]) + 1 if count < len(ranked) else -MILLILOGIT_MAX


def _logistic(values: Any, labels: Any) -> tuple[float, float]:
    """Slope and offset by Newton's method."""
    frauds = int(labels.sum())
    others = len(labels) - frauds
    if not frauds or not others:
        return 0.0, 0.0
    target = np.where(labels, (frauds + 1) / (frauds + 2), 1 / (others + 2))
    slope, offset = 1.0, 0.0
    for _ in range(_STEPS_MAX):
        probability = 1.0 / (1.0 + np.exp(-np.clip(slope * values + offset, -500.0, 500.0)))
        error, weight = probability - target, probability * (1.0 - probability)
        gradient = np.array([(error * values).sum(), error.sum()])
        curve = np.array([[(weight * values * values).sum(), (weight * values).sum()], [0.0, weight.sum()]])
        curve[1, 0] = curve[0, 1]
        curve += 1e-9 * np.eye(2)
        step = np.linalg.solve(curve, gradient)
        slope, offset = slope - float(step[0]), offset - float(step[1])
        if not (math.isfinite(slope) and math.isfinite(offset)):
            return 0.0, 0.0
        if float(np.abs(step).max()) < 1e-9:
            break
    return slope, offset
