"""A rate that fades, and how uneven some rates are."""

import pytest

from txn_core.figures.fading_rate import FADES_S, FadingRate, skew


def test_a_steady_rate_is_seen_as_it_is() -> None:
    rate = FadingRate()
    for second in range(int(10 * FADES_S)):
        rate.add(500.0, float(second))
    assert rate.at(10 * FADES_S) == pytest.approx(500.0, rel=0.01)


def test_what_is_long_ago_fades() -> None:
    rate = FadingRate()
    rate.add(FADES_S, 0.0)
    assert rate.at(0.0) == pytest.approx(1.0)
    assert rate.at(FADES_S) == pytest.approx(0.3679, rel=0.001)
    assert rate.at(20 * FADES_S) < 1e-8


def test_a_clock_that_lags_behind_changes_nothing() -> None:
    """Whoever asks may have another clock than whoever adds."""
    rate = FadingRate()
    rate.add(FADES_S, 1e9)
    assert rate.at(0.0) == pytest.approx(1.0)


def test_skew_is_the_highest_over_the_mean() -> None:
    assert skew([10.0, 10.0, 10.0, 10.0], 1.0) == 1.0
    assert skew([37.0, 1.0, 1.0, 1.0], 1.0) == pytest.approx(3.7)


def test_little_load_is_never_uneven() -> None:
    """With three records on four shards, chance decides which has most."""
    assert skew([4.0, 0.0, 0.0, 0.0], 1.0) == 1.0
    assert skew([], 1.0) == 1.0
