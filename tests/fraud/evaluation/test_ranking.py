"""Measures of a ranking, compared with their definitions worked out by brute force."""

import random
from fractions import Fraction

import pytest

from fraud.evaluation.intervals import estimates
from fraud.evaluation.ranking import Judged, Ranking, average_precision, recall_at_fpr


def made(seed: int, *, rows: int = 60, scores: int = 9) -> list[Judged]:
    rng = random.Random(seed)
    return [
        Judged(f"card{rng.randrange(12)}", rng.randrange(4), rng.randrange(scores), rng.random() < 0.2)
        for _ in range(rows)
    ]


@pytest.mark.parametrize("seed", range(8))
def test_average_precision_is_the_sum_over_every_threshold(seed: int) -> None:
    rows = made(seed)
    frauds = sum(each.is_fraud for each in rows)
    expected, before = Fraction(0), Fraction(0)
    for threshold in sorted({each.score for each in rows}, reverse=True):
        taken = [each.is_fraud for each in rows if each.score >= threshold]
        recall = Fraction(sum(taken), frauds)
        expected += (recall - before) * Fraction(sum(taken), len(taken))
        before = recall
    assert average_precision(Ranking.of(rows).steps()) == pytest.approx(float(expected), abs=1e-12)


@pytest.mark.parametrize("share", [Fraction(0), Fraction(1, 20), Fraction(1, 3), Fraction(1)])
@pytest.mark.parametrize("seed", range(3))
def test_recall_is_the_best_of_any_threshold_whose_false_alarms_are_few_enough(seed: int, share: Fraction) -> None:
    rows = made(seed, scores=30)
    frauds, others = [r for r in rows if r.is_fraud], [r for r in rows if not r.is_fraud]
    best = Fraction(0)
    for threshold in range(31):
        if Fraction(sum(r.score >= threshold for r in others), len(others)) <= share:
            best = max(best, Fraction(sum(r.score >= threshold for r in frauds), len(frauds)))
    assert recall_at_fpr(Ranking.of(rows).steps(), share) == float(best)


@pytest.mark.parametrize("seed", range(4))
def test_weights_count_a_card_as_often_as_it_was_drawn(seed: int) -> None:
    rows = made(seed, scores=40)
    weights = {f"card{number}": (number + seed) % 3 for number in range(12)}
    doubled = [row for row in rows for _ in range(weights[row.card])]
    drawn, written_out = Ranking.of(rows).steps(weights), Ranking.of(doubled).steps()
    assert average_precision(drawn) == average_precision(written_out)
    for share in (Fraction(0), Fraction(1, 20), Fraction(1, 3)):
        assert recall_at_fpr(drawn, share) == recall_at_fpr(written_out, share)


def test_steps_hold_every_row_once() -> None:
    """Those that rank below all frauds stand in the last step, or false alarms would be shares of too few."""
    rows = [Judged("a", 0, 9, False), Judged("b", 0, 8, True), Judged("c", 0, 8, False), Judged("d", 0, 1, False)]
    assert Ranking.of(rows).steps() == [(1, 2), (0, 1)]
    for seed in range(3):
        steps = Ranking.of(made(seed)).steps()
        assert sum(sum(step) for step in steps) == len(made(seed))


def test_a_card_with_fraud_is_shown_once_and_others_come_again() -> None:
    rows = [Judged("a", 0, 9, True), Judged("b", 0, 8, False), Judged("c", 0, 7, True)]
    rows += [Judged("a", 1, 9, True), Judged("b", 1, 8, False), Judged("d", 1, 2, True)]
    # One card a day: a on the first day; on the second a is blocked, b comes before d. The best finds two.
    assert Ranking.of(rows).card_precision(1) == 1 / 2
    # Two: a and b; then b and d. The best finds a and c, then d.
    assert Ranking.of(rows).card_precision(2) == 2 / 3
    assert Ranking.of(rows).card_precision(9) == 1.0


def test_intervals_hold_the_value_and_depend_on_seed_and_rows_alone() -> None:
    rows = made(1, rows=400, scores=100)
    found = estimates(rows, seed=4)
    random.Random(2).shuffle(rows)
    assert estimates(rows, seed=4) == found
    assert estimates(rows, seed=5) != found
    for each in (found.average_precision, found.recall_at_fpr, found.card_precision):
        assert 0.0 <= each.low <= each.value <= each.high <= 1.0
    assert found.average_precision.low < found.average_precision.high


def test_rows_without_fraud_have_no_measure_but_zero() -> None:
    found = estimates([Judged("a", 0, 1, is_fraud=False)], seed=1)
    assert (found.average_precision.value, found.recall_at_fpr.value, found.card_precision.value) == (0.0, 0.0, 0.0)


def test_nothing_is_measured_as_nothing() -> None:
    assert estimates([], seed=1).document()["rows"] == 0
